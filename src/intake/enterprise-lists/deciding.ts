import { usccRegion } from '../../policy/identifiers.ts'
import { yuanOf } from '../../policy/money.ts'
import { dayNumber } from '../../policy/period.ts'
import { LIMIT_TAGS } from '../../policy/tags.ts'
import { gradeOf, listFinding, rowName, type FindingCode, type Grade } from './findings.ts'
import { hasValidCode } from './normalising.ts'
import { nameKey } from './values.ts'
import type { DecidedRow, Field, ListRow, Outcome } from './rows.ts'

/** A need of the same park that is still open. `sheet` and `row`: where it stood in its list, if it came by one. */
export interface OpenNeed {
  need_no: string
  project_code: string | null
  project_name: string | null
  amount_fen: number
  sheet?: string | null
  row?: number | null
  /** what a correction may change; left out when the list is none, or the need is not of the list it corrects */
  replaceable?: Pick<ListRow, 'term_months' | 'purpose' | 'demand_date' | 'contact_name' | 'contact_phone'>
}

/** What a list is judged against; everything is looked up before, nothing is read here. */
export interface DecidingContext {
  /** the sender's own names and aliases */
  park_names: readonly string[]
  /** names and aliases of all other registered parks */
  other_park_names: readonly string[]
  /** names under which the same park sent this code before */
  known_names (uscc: string): readonly string[]
  /** the name the hub knows for this code, whoever sent it; it is compared, never shown */
  name_elsewhere (uscc: string): string | null
  /** open needs of this enterprise that the same park sent */
  open_needs (uscc: string): readonly OpenNeed[]
  /** in a correction: code under which the park sent an enterprise of this name before */
  code_of_name? (name: string): string | null
  /** contract limits in force and open needs without contract, over all banks and parks */
  household (uscc: string): { in_force_fen: number, open_fen: number }
  /** codes that fail their check character and are recorded as real */
  overridden (uscc: string): boolean
  /** whether the terms ask for a document of this enterprise and there is none */
  lacks_document (uscc: string): boolean
  /** whether the industry of an enterprise decides, not that of its project (A-19) */
  judges_enterprise: boolean
  /** tags that hold today */
  tags (uscc: string): readonly string[]
  limits: { standard_fen: number, raised_fen: number }
  /** an amount outside of these is held: its unit is probably wrong */
  usual: { amount_min_fen: number, amount_max_fen: number }
  /** Beijing date */
  today: string
}

const FAR_DAYS = 5 * 366
const LIMIT_TAG_CODES: ReadonlySet<string> = new Set(LIMIT_TAGS)
const RANK: Readonly<Record<Grade, number>> = { NONE: 0, REMARK: 1, HELD: 2, REJECTED: 3 }
const OUTCOME_OF_RANK: readonly Outcome[] = ['ACCEPTED', 'ACCEPTED_WITH_REMARK', 'HELD', 'REJECTED']

/** What two spellings of one park have in common: 重庆, brackets at the end and the long words for a zone left out. */
function parkKey (text: string): string {
  return nameKey(text).replace(/\([^()]*\)$/u, '').replace(/^重庆市?(?=.{3})/u, '').replace(/经济技术开发区/gu, '经开区')
    .replace(/高新技术产业(?:开发)?区|高新技术产业开发区|高新技术开发区/gu, '高新区').replace(/园区/gu, '园')
}

const PARK_KEY_MIN = 3

/** The longest of the names that the text contains, or that contains the text; its length and the name. */
function longestNamed (
  text: string, names: readonly (readonly [key: string, name: string])[], also_inside: boolean
): { length: number, name: string } {
  let best = { length: 0, name: '' }
  for (const [key, name] of names) {
    if (key.length < PARK_KEY_MIN || key.length <= best.length) continue
    if (text.includes(key) || (also_inside && text.length >= PARK_KEY_MIN && key.includes(text))) best = { length: key.length, name }
  }
  return best
}

function outcomeOf (row: ListRow): Outcome {
  if (row.skipped) return 'SKIPPED'
  const rank = Math.max(0, ...row.findings.map((one) => RANK[gradeOf(one.code)]))
  return OUTCOME_OF_RANK[rank] ?? 'REJECTED'
}

interface Project { project_code: string | null, project_name: string | null }

/** The same project: by code where both have one, else by name; two needs that name no project cannot be told apart. */
function sameProject (a: Project, b: Project): boolean {
  if (a.project_code !== null && b.project_code !== null) return a.project_code === b.project_code
  if (a.project_name !== null && b.project_name !== null) return nameKey(a.project_name) === nameKey(b.project_name)
  return a.project_code === null && a.project_name === null && b.project_code === null && b.project_name === null
}

/** What later rows are compared with; no more is kept of a row, and nothing of one that is alone, so that a long list stays small. */
type Earlier = Pick<ListRow, 'sheet' | 'row' | 'uscc' | 'name' | 'amount_fen'>

interface Placed { code: string | null, name: string | null, at: Earlier }

/** One enterprise of the list: where its code stood first, and the needs that went in so far, findable as `sameProject` compares without going through them. */
class Enterprise {
  readonly first: Earlier
  sum_fen = 0
  raises_limit = false
  first_need: Earlier | null = null
  #only: Placed | null = null
  #many: { by_code: Map<string, Earlier>, by_name: Map<string, Earlier>, by_name_without_code: Map<string, Earlier>, bare: Earlier | null } | null = null

  constructor (first: Earlier) {
    this.first = first
  }

  add (row: ListRow): void {
    const placed: Placed = { ...projectKeys(row), at: row.row === this.first.row && row.sheet === this.first.sheet ? this.first : earlier(row) }
    this.sum_fen += row.amount_fen ?? 0
    this.raises_limit ||= row.qualifications.some((tag) => LIMIT_TAG_CODES.has(tag))
    if (this.first_need === null) {
      this.first_need = placed.at
      this.#only = placed
      return
    }
    if (this.#many === null) {
      this.#many = { by_code: new Map(), by_name: new Map(), by_name_without_code: new Map(), bare: null }
      if (this.#only !== null) this.#keep(this.#only)
      this.#only = null
    }
    this.#keep(placed)
  }

  #keep ({ code, name, at }: Placed): void {
    const many = this.#many
    if (many === null) return
    if (code !== null) many.by_code.set(code, at)
    else if (name !== null) many.by_name_without_code.set(name, at)
    else many.bare = at
    if (name !== null && !many.by_name.has(name)) many.by_name.set(name, at)
  }

  find (row: ListRow): Earlier | null {
    const { code, name } = projectKeys(row)
    const many = this.#many
    if (many !== null) {
      if (code !== null) return many.by_code.get(code) ?? (name === null ? null : many.by_name_without_code.get(name) ?? null)
      return name === null ? many.bare : many.by_name.get(name) ?? null
    }
    const only = this.#only
    if (only === null) return null
    const same = code !== null && only.code !== null ? only.code === code : name === null ? code === null && only.code === null && only.name === null : only.name === name
    return same ? only.at : null
  }
}

function earlier ({ sheet, row, uscc, name, amount_fen }: ListRow): Earlier {
  return { sheet, row, uscc, name, amount_fen }
}

function projectKeys (row: Project): { code: string | null, name: string | null } {
  return { code: row.project_code, name: row.project_name === null ? null : nameKey(row.project_name) }
}

/**
 * Decides the rows of one list, one after the other in their order: later rows are compared with earlier ones.
 *
 * @returns a function to be called once per row
 * Source: contract.md §4; rules E-01, E-09, E-16; S1 二(二), 四(三)2.
 */
export function decider (context: DecidingContext): (row: ListRow) => DecidedRow {
  const keyed = (names: readonly string[]) => names.map((name): readonly [string, string] => [parkKey(name), name])
  const own_parks = keyed(context.park_names)
  const other_parks = keyed(context.other_park_names)
  const enterprises = new Map<string, Enterprise>()
  const first_by_name = new Map<string, Earlier>()
  const today = dayNumber(context.today)

  /** A recorded code is as good as a right one; the clerk is told. */
  const checkOverride = (row: ListRow, note: Note): void => {
    if (row.uscc === null || !row.findings.some(({ code }) => code === 'USCC_CHECK_DIGIT') || !context.overridden(row.uscc)) return
    row.findings = row.findings.filter(({ code }) => code !== 'USCC_CHECK_DIGIT')
    note('USCC_OVERRIDDEN', 'uscc')
    if (usccRegion(row.uscc)?.is_chongqing === false) note('NOT_IN_CHONGQING', 'uscc')
  }

  const checkIdentity = (row: ListRow & { uscc: string }, note: Note): void => {
    if (row.name === null) return
    const name = nameKey(row.name)
    const same_code = enterprises.get(row.uscc)?.first
    const here = same_code === undefined ? earlier(row) : same_code
    if (same_code === undefined) {
      if (row.alone !== true) enterprises.set(row.uscc, new Enterprise(here))
    } else if (nameKey(same_code.name ?? '') !== name) {
      const { en, zh } = rowName(same_code)
      note('SAME_CODE_OTHER_NAME', 'name', [en, same_code.name ?? ''], [zh, same_code.name ?? ''])
    }
    const same_name = first_by_name.get(name)
    if (same_name === undefined) {
      if (row.alone !== true) first_by_name.set(name === row.name ? row.name : name, same_code === undefined ? here : earlier(row))
    } else if (same_name.uscc !== row.uscc) {
      const { en, zh } = rowName(same_name)
      note('SAME_NAME_OTHER_CODE', 'uscc', [en, same_name.uscc ?? ''], [zh, same_name.uscc ?? ''])
    }
    const known = context.known_names(row.uscc)
    if (known.length > 0 && !known.some((one) => nameKey(one) === name)) note('NAME_DIFFERS_FROM_EARLIER', 'name', [known[0] ?? ''])
    const elsewhere = context.name_elsewhere(row.uscc)
    if (known.length === 0 && elsewhere !== null && nameKey(elsewhere) !== name) note('NAME_DIFFERS', 'name', [])
  }

  const checkPark = (row: ListRow, note: Note): void => {
    if (row.park_text === null) return
    const text = parkKey(row.park_text)
    const other = longestNamed(text, other_parks, false)
    if (other.length > longestNamed(text, own_parks, true).length) note('OTHER_PARK', 'park', [other.name])
  }

  /** A row that stands twice, or names a need that is open. @returns the earlier need that a correction takes up */
  const checkDuplicate = (row: ListRow & { uscc: string }, note: Note): About => {
    const by_name = row.project_code === null && row.project_name !== null
    const field: Field = by_name ? 'project_name' : row.columns.project_code === undefined ? 'uscc' : 'project_code'
    const differs = (fen: number | null): { en: string, zh: string } => fen === null || fen === row.amount_fen || row.amount_fen === null
      ? { en: '', zh: '' }
      : { en: `, with another amount (${yuanOf(fen)} yuan)`, zh: `，但金额不同（${yuanOf(fen)}元）` }
    const in_file = enterprises.get(row.uscc)?.find(row) ?? null
    if (in_file !== null) {
      const { en, zh } = rowName(in_file)
      const other = differs(in_file.amount_fen)
      note('DUPLICATE', field, [en, other.en], [zh, other.zh])
      return nothing_earlier
    }
    const open = context.open_needs(row.uscc).find((one) => sameProject(one, row))
    if (open === undefined) return nothing_earlier
    if (open.replaceable !== undefined) {
      if (!row.consent) return { about_need: open.need_no, keeps: false }
      const changes = changesOf(row, open, open.replaceable, context.known_names(row.uscc))
      if (changes.length > 0) {
        note('REPLACES_EARLIER', field, [open.need_no, changes.map(({ en }) => en).join(', ')], [open.need_no, changes.map(({ zh }) => zh).join('，')])
        return { about_need: open.need_no, keeps: outcomeOf(row) === 'REJECTED' }
      }
    }
    const at = typeof open.row === 'number' ? rowName({ sheet: open.sheet ?? null, row: open.row }) : null
    const other = differs(open.amount_fen)
    note('DUPLICATE', field, [`${open.need_no}${at === null ? '' : `, ${at.en} of an earlier list`}`, other.en],
      [`${open.need_no}${at === null ? '' : `（早前名单${at.zh}）`}`, other.zh])
    return { about_need: open.need_no, keeps: true }
  }

  /** A row whose code is wrong is still about the enterprise of its name: what was sent before stays. */
  const aboutName = (row: ListRow): About => {
    const uscc = row.name === null ? null : context.code_of_name?.(row.name) ?? null
    const needs = uscc === null ? [] : context.open_needs(uscc)
    const open = needs.find((one) => sameProject(one, row)) ?? (needs.length === 1 ? needs[0] : undefined)
    return open === undefined ? nothing_earlier : { about_need: open.need_no, keeps: true }
  }

  const checkLimit = (row: ListRow & { uscc: string }, about: About, note: Note): void => {
    if (row.amount_fen === null) return
    const same = enterprises.get(row.uscc)
    const first_need = same?.first_need ?? null
    if (first_need !== null) {
      const { en, zh } = rowName(first_need)
      note('SECOND_PROJECT', 'uscc', [en], [zh])
    }
    const { in_force_fen, open_fen } = context.household(row.uscc)
    const raised = same?.raises_limit === true || [...row.qualifications, ...context.tags(row.uscc)].some((tag) => LIMIT_TAG_CODES.has(tag))
    // A figure that is probably in the wrong unit says nothing about a limit.
    if (row.findings.some((one) => one.code === 'AMOUNT_UNIT_SUSPECT')) return
    const limit = raised ? context.limits.raised_fen : context.limits.standard_fen
    const replaced_fen = about.keeps ? 0 : context.open_needs(row.uscc).find((one) => one.need_no === about.about_need)?.amount_fen ?? 0
    if (in_force_fen + open_fen - replaced_fen + (same?.sum_fen ?? 0) + row.amount_fen > limit) note('HOUSEHOLD_LIMIT', 'amount', [yuanOf(limit)])
  }

  return (read) => {
    const row: ListRow = { ...read, findings: read.findings.filter(({ code }) => context.judges_enterprise || code !== 'NOT_MANUFACTURING') }
    const note: Note = (code, field, en, zh) => { row.findings.push(listFinding(code, row, field, en, zh)) }
    let about = nothing_earlier
    if (!row.skipped) {
      if (row.demand_date !== null && Math.abs(dayNumber(row.demand_date) - today) > FAR_DAYS) note('DATE_UNLIKELY', 'demand_date')
      const { amount_min_fen, amount_max_fen } = context.usual
      if (row.amount_fen !== null && (row.amount_fen < amount_min_fen || row.amount_fen > amount_max_fen)) {
        note('AMOUNT_UNIT_SUSPECT', 'amount', [yuanOf(row.amount_fen)])
      }
      checkOverride(row, note)
      checkPark(row, note)
      if (hasValidCode(row)) {
        checkIdentity(row, note)
        about = checkDuplicate(row, note)
        if (row.consent && context.lacks_document(row.uscc)) note('AUTHORISATION_DOCUMENT_MISSING', 'consent')
        if (outcomeOf(row) !== 'REJECTED') checkLimit(row, about, note)
      } else about = aboutName(row)
    }
    const outcome = outcomeOf(row)
    if ((outcome === 'ACCEPTED' || outcome === 'ACCEPTED_WITH_REMARK') && row.uscc !== null) enterprises.get(row.uscc)?.add(row)
    const { skipped: _skipped, raw: _raw, columns: _columns, alone: _alone, ...values } = row
    return { ...values, outcome, about_need: about.about_need, keeps: about.keeps || (about.about_need !== null && row.consent && outcome !== 'ACCEPTED' && outcome !== 'ACCEPTED_WITH_REMARK') }
  }
}

type About = Pick<DecidedRow, 'about_need' | 'keeps'>
const nothing_earlier: About = { about_need: null, keeps: false }

/** What a corrected row says otherwise than the need it is about. */
function changesOf (row: ListRow, open: OpenNeed, before: NonNullable<OpenNeed['replaceable']>, names: readonly string[]): { en: string, zh: string }[] {
  const changes: { en: string, zh: string }[] = []
  const compare = (en: string, zh: string, was: string | null, is: string | null): void => {
    if (was !== is && is !== null) changes.push({ en: `${en} ${was ?? '—'} → ${is}`, zh: `${zh}由${was ?? '空'}改为${is}` })
  }
  const known = names[0] ?? null
  compare('name', '名称', known, row.name !== null && known !== null && nameKey(known) === nameKey(row.name) ? known : row.name)
  compare('amount', '金额', yuanOf(open.amount_fen), row.amount_fen === null ? null : yuanOf(row.amount_fen))
  compare('term', '期限', String(before.term_months), row.term_months === null ? null : String(row.term_months))
  compare('purpose', '用途', before.purpose, row.purpose)
  compare('date', '日期', before.demand_date, row.demand_date)
  compare('project code', '项目代码', open.project_code, row.project_code)
  compare('project name', '项目名称', open.project_name, row.project_name)
  const contact = [before.contact_name, before.contact_phone].some((one, index) => (index === 0 ? row.contact_name : row.contact_phone) !== null && one !== (index === 0 ? row.contact_name : row.contact_phone))
  if (contact) changes.push({ en: 'contact', zh: '联系人' })
  return changes
}

type Note = (code: FindingCode, field: Field | null, en?: readonly string[], zh?: readonly string[]) => void

/** All rows of a list at once. */
export function decideRows (rows: readonly ListRow[], context: DecidingContext): DecidedRow[] {
  return rows.map(decider(context))
}

export type Counts = Record<Outcome, number>

export interface Summary { counts: Counts, amount_accepted_fen: number }

/** How many rows came to which outcome, and the sum of what went in. */
export function summaryOf (rows: readonly DecidedRow[], before: Summary | null = null): Summary {
  const counts: Counts = { ...before?.counts ?? { ACCEPTED: 0, ACCEPTED_WITH_REMARK: 0, HELD: 0, REJECTED: 0, SKIPPED: 0 } }
  let amount_accepted_fen = before?.amount_accepted_fen ?? 0
  for (const row of rows) {
    counts[row.outcome]++
    if (row.outcome === 'ACCEPTED' || row.outcome === 'ACCEPTED_WITH_REMARK') amount_accepted_fen += row.amount_fen ?? 0
  }
  return { counts, amount_accepted_fen }
}
