/** Reports on places: parks and districts. Source: S1 三(三)4, 四(三)6; S2 (十九). */
import type { ReadSql } from '../../db/db.ts'
import { fenOf, yuanOf } from '../../policy/money.ts'
import { regionsEver } from '../../policy/regions.ts'
import { emptyTally } from './clock.ts'
import { sharePct } from './figures.ts'
import { leadingIndustry } from '../self-assessments/leading-industry.ts'
import { byKey, leads_per_page, participantsOf, some, tallies, type Making } from './making.ts'
import {
  approvals, drawnByDistrict, drawnByPark, leadsByDistrict, listedByPark, needsByDistrict, needsByPark, newBorrowersByPark,
    projectsByDistrict
} from './store.ts'
import type { Row } from './table.ts'

/** What came of the needs each park brought. */
export async function parkPerformance (sql: ReadSql, making: Making): Promise<Row[]> {
  const drawn = byKey(await drawnByPark(sql, making), row => row.park_no)
  const fresh = byKey(await newBorrowersByPark(sql, making), row => row.park_no)
  const needs = byKey(await needsByPark(sql, making), row => row.park_no)
  const listed = byKey(await listedByPark(sql, making), row => row.park_no)
  const clock = await tallies(sql, making, lead => lead.park_no, true)
  const members = await participantsOf(sql, ['PARK'], [...drawn.keys(), ...needs.keys(), ...clock.keys()])
  // A figure about the park as a whole: a report of one district has none.
  const leading = new Map(making.region_code !== null ? [] : await Promise.all(members.map(async ({ participant_no }) =>
    [participant_no, await leadingIndustry(sql, participant_no, making)] as const)))
  return members.map(({ participant_no, name, region_code }) => {
    const { larger = 0, renovated = 0 } = leading.get(participant_no) ?? {}
    const loan = drawn.get(participant_no)
    const need = needs.get(participant_no)
    const library = listed.get(participant_no)
    const tally = clock.get(participant_no) ?? emptyTally()
    return {
      cells: {
        park_no: participant_no, park: name, region_code, new_loan_amount: yuanOf(loan?.amount_fen ?? 0), borrowers: loan?.enterprises ?? 0,
        new_borrowers: fresh.get(participant_no)?.enterprises ?? 0, leading_industry_renovated_pct: sharePct(renovated, larger), needs: need?.needs ?? 0,
          needed_amount: yuanOf(need?.amount_fen ?? 0),
        leads: tally.leads, contacted_on_time_pct: sharePct(tally.stages.contact.on_time_net, tally.stages.contact.judged),
          approved: tally.approved, disbursed: tally.disbursed,
        listed_projects: library?.projects ?? 0
      },
      counts: {
        drawn: loan?.enterprises ?? 0, fresh: fresh.get(participant_no)?.enterprises ?? 0, needing: need?.enterprises ?? 0,
          pushed: tally.enterprises.size, owners: library?.owners ?? 0, leading: larger
      },
      group: 'PARK',
      behind: { objects: (loan?.drawdowns ?? 0) + tally.leads, subjects: some(loan?.first, loan?.last, tally.first, tally.last) },
      owner: participant_no
    }
  })
}

interface Approved { approvals: number, amount_fen: number, enterprises: Set<string> }

async function approvedByDistrict (sql: ReadSql, making: Making): Promise<Map<string, Approved>> {
  const found = new Map<string, Approved>()
  for (let after = ''; ;) {
    const page = await approvals(sql, making, after, leads_per_page)
    for (const { region_code, uscc, content } of page) {
      const tally = found.get(region_code ?? '') ?? { approvals: 0, amount_fen: 0, enterprises: new Set() }
      found.set(region_code ?? '', tally)
      tally.approvals++
      tally.amount_fen += fenOf(String(content.amount))
      tally.enterprises.add(uscc)
    }
    const last = page.at(-1)
    if (last === undefined || page.length < leads_per_page) return found
    after = last.lead_event_no
  }
}

/** The ledger of the reserve library and its financing by district; '' collects enterprises without a known district. */
export async function districtLedger (sql: ReadSql, making: Making): Promise<Row[]> {
  const region = (row: { region_code: string | null }) => row.region_code
  const library = byKey(await projectsByDistrict(sql, making), region)
  const needs = byKey(await needsByDistrict(sql, making), region)
  const pushed = byKey(await leadsByDistrict(sql, making), region)
  const approved = await approvedByDistrict(sql, making)
  const drawn = byKey(await drawnByDistrict(sql, making), region)
  const codes = [...new Set([...library.keys(), ...needs.keys(), ...pushed.keys(), ...approved.keys(), ...drawn.keys()])].sort()
  return codes.map(code => {
    const need = needs.get(code)
    const approval = approved.get(code)
    const loan = drawn.get(code)
    return {
      cells: {
        region_code: code === '' ? null : code, district: code === '' ? null : regionsEver(code)[0]?.name ?? null,
          listed_projects: library.get(code)?.projects ?? 0, needs: need?.needs ?? 0,
        needed_amount: yuanOf(need?.amount_fen ?? 0), leads: pushed.get(code)?.leads ?? 0, approvals: approval?.approvals ?? 0,
          approved_amount: yuanOf(approval?.amount_fen ?? 0),
        disbursed_amount: yuanOf(loan?.amount_fen ?? 0), enterprises_needing: need?.enterprises ?? 0,
          enterprises_lent_to: loan?.enterprises ?? 0
      },
      counts: {
        owners: library.get(code)?.enterprises ?? 0, needing: need?.enterprises ?? 0, pushed: pushed.get(code)?.enterprises ?? 0,
          approved: approval?.enterprises.size ?? 0,
        drawn: loan?.enterprises ?? 0
      },
      group: 'ALL',
      behind: { objects: (need?.needs ?? 0) + (loan?.drawdowns ?? 0), subjects: some(need?.first, need?.last) },
      owner: code === '' ? null : code
    }
  })
}
