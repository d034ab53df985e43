import type { Finding } from '../../policy/findings.ts'
import type { Columns, Field } from './rows.ts'

/** A finding about one cell or one row of a list. */
export interface ListFinding extends Finding {
  readonly column: string | null
  readonly head: string | null
  readonly value: string | null
}

/** What a finding does to its row; the worst of a row wins. NONE belongs to rows that are skipped. */
export type Grade = 'REJECTED' | 'HELD' | 'REMARK' | 'NONE'

interface Text {
  grade: Grade
  rule_id: string | null
  wrong: string
  wrong_zh: string
  todo: string
  todo_zh: string
}

function text (grade: Grade, rule_id: string | null, wrong: string, todo: string, wrong_zh: string, todo_zh: string): Text {
  return { grade, rule_id, wrong, wrong_zh, todo, todo_zh }
}

/** Every code a row can show. `{0}`, `{1}` are filled in where the finding is made; what to do is always the same sentence. */
const table = {
  NAME_MISSING: text('REJECTED', null, 'the name of the enterprise is missing.', 'Enter the full name as in the business licence.',
    '缺少企业名称。', '请填写营业执照上的企业全称。'),
  USCC_MISSING: text('REJECTED', null, 'the unified social credit code is missing.', 'Enter the 18 characters from the business licence.',
    '缺少统一社会信用代码。', '请按营业执照填写18位代码。'),
  USCC_SCIENTIFIC: text('REJECTED', null, 'the spreadsheet turned the code into a number and digits were lost.',
    'Format the column as text and type the code again.',
    '表格把代码变成了数字，末尾几位已丢失。', '请把该列设为文本格式后重新录入代码。'),
  USCC_LENGTH: text('REJECTED', null, 'the code has {0} characters instead of 18.', 'Copy the code from the business licence.',
    '代码为{0}位，应为18位。', '请按营业执照核对填写。'),
  USCC_CHARSET: text('REJECTED', null, 'the code holds characters that never occur in one{0}.',
    'Compare with the business licence and correct it; nothing is repaired here.',
    '代码含有不可能出现的字符{0}。', '请与营业执照核对更正；系统不自动修改。'),
  USCC_CHECK_DIGIT: text('REJECTED', null, 'the check character does not fit: a character is wrong or two are swapped.',
    'Compare with the business licence and correct it; if the licence really says so, ask the operator to record the code.',
    '校验码不符：有一位写错或两位颠倒。', '请与营业执照核对更正；如执照确为该代码，请联系平台运营方登记。'),
  USCC_OVERRIDDEN: text('REMARK', null, 'the check character does not fit; the operator has recorded that this code really exists.', 'Nothing.',
    '校验码不符；平台运营方已登记该代码真实存在。', '无须处理。'),
  USCC_ORGANISATION_CODE: text('REMARK', null, 'the organisation code inside (characters 9 to 17) has an unusual check character.',
    'Compare with the business licence.',
    '其中的主体标识码（第9至17位）校验位异常。', '请与营业执照核对。'),
  NOT_IN_CHONGQING: text('REMARK', 'E-16', 'the code was registered outside Chongqing.',
    'Make sure that the enterprise produces in the park.',
    '该代码登记地不在重庆。', '请确认企业在园区内实际生产经营。'),
  AMOUNT_MISSING: text('REJECTED', null, 'the amount is missing.', 'Enter the amount in figures.',
    '缺少融资金额。', '请用数字填写金额。'),
  AMOUNT_UNREADABLE: text('REJECTED', null, 'the amount cannot be read as one exact figure.',
    'Enter one amount in figures, for instance 500万元: no 伍佰万元, no 约, no range.',
    '金额不是一个确定的数字。', '请用阿拉伯数字填写一个确定的金额，如“500万元”；不要写大写金额（如“伍佰万元”）、“约”“面议”或区间。'),
  AMOUNT_NOT_POSITIVE: text('REJECTED', null, 'the amount is not above zero.', 'Enter the amount that is needed.',
    '金额必须大于零。', '请填写所需金额。'),
  AMOUNT_TOO_FINE: text('REJECTED', null, 'the amount lies exactly between two fen.',
    'Enter the amount with at most two decimals of a yuan.',
    '金额正好处于两分之间，无法取舍。', '请将金额精确到分（元后两位小数）。'),
  AMOUNT_TOO_LARGE: text('REJECTED', null, 'the amount has more digits than any amount can have.', 'Check figure and unit.',
    '金额位数过多。', '请核对数字和单位。'),
  AMOUNT_ROUNDED: text('REMARK', null, 'the amount had fractions of a fen and was rounded to {0} yuan.', 'Check the figure.',
    '金额含不足一分的小数，已四舍五入为{0}元。', '请核对该数字。'),
  AMOUNT_UNIT_SUSPECT: text('HELD', null, 'the amount would be {0} yuan; the unit is probably wrong.',
    'Confirm the row if this is meant, or drop it and send the right figure.',
    '按所写单位金额为{0}元，单位可能有误。', '如无误请确认该行；否则请撤下并重新报送正确金额。'),
  TERM_MISSING: text('REJECTED', null, 'the term is missing.', 'Enter the term in months.',
    '缺少期限。', '请填写期限（月）。'),
  TERM_UNREADABLE: text('REJECTED', null, 'the term cannot be read as a whole number of months.',
    'Enter one figure, for instance 36 (月) or 3年.',
    '期限不是确定的整月数。', '请填写一个确定的期限，如“36个月”或“3年”。'),
  TERM_OUT_OF_RANGE: text('REJECTED', null, 'the term is not between 1 and 600 months.', 'Check figure and unit.',
    '期限不在1至600个月之间。', '请核对数字和单位（月或年）。'),
  TERM_UNUSUAL: text('REMARK', null, 'the term would be {0} months.', 'Check figure and unit.',
    '期限为{0}个月，较为少见。', '请核对数字和单位（月或年）。'),
  PURPOSE_MISSING: text('REJECTED', null, 'the purpose is missing.', 'Say what the money is for, for instance 设备购置.',
    '缺少资金用途。', '请填写用途，如“设备购置”。'),
  NOT_AUTHORISED: text('HELD', null, 'the enterprise has not authorised the passing on of its data (是, 已授权, 同意 … count; blank does not).',
    'Collect the authorization and send the row again with 是.',
    '企业尚未授权（“是”“已授权”“同意”等方为授权，空白不算）。', '请取得企业授权后在该列填“是”并重新报送该行。'),
  AUTHORISATION_DOCUMENT_MISSING: text('HELD', null, 'the signed authorization of this enterprise is not there yet.',
    'Hand it in with POST /v1/authorizations and its document_no; the row then goes on by itself.',
    '尚未收到该企业的授权书。', '请上传授权书并报送授权（含 document_no），收到后该行自动继续。'),
  CELL_ERROR: text('REJECTED', null, 'the cell holds an error value.', 'Repair the formula or type the value.',
    '单元格为错误值。', '请修正公式或直接填写数值。'),
  FORMULA_NO_RESULT: text('REJECTED', null, 'the cell holds a formula without a stored result.',
    'Open the file in Excel or WPS, let it calculate, save it, or type the value.',
    '单元格公式没有保存计算结果。', '请用 Excel 或 WPS 打开计算并保存，或直接填写数值。'),
  OPTIONAL_UNREADABLE: text('REMARK', null, 'the value cannot be read and was left out.', 'Correct the cell if the fact matters.',
    '该值无法识别，已留空。', '如需使用请更正该单元格。'),
  TEXT_TOO_LONG: text('REJECTED', null, 'the text has more than {0} characters.', 'Shorten it.',
    '文字超过{0}个字符。', '请精简内容。'),
  DATE_INVALID: text('REMARK', null, 'this is not a date of the calendar or not a full one; it was left empty.', 'Enter it as 2026-08-01.',
    '不是有效的完整日期，已留空。', '请按“2026-08-01”格式填写。'),
  DATE_UNLIKELY: text('REMARK', null, 'the date lies more than five years away.', 'Check the year.',
    '日期距今超过五年。', '请核对年份。'),
  PROJECT_CODE_INVALID: text('REMARK', null, 'the project code does not have the form 2604-500120-07-02-123456.',
    'Copy it from the filing certificate; before any subsidy it must be right.',
    '项目代码不符合“2604-500120-07-02-123456”的形式。', '请按备案证更正；贴息前必须正确。'),
  PROJECT_CODE_REGION: text('REMARK', null, 'the project was filed outside Chongqing.', 'Check the code.',
    '项目代码的行政区划不在重庆。', '请核对。'),
  PROJECT_CODE_KIND: text('REMARK', null, 'technical renovation usually carries 07-02.', 'Make sure that it is a renovation project.',
    '技术改造项目代码一般为07-02。', '请确认属于技改（含改扩建）项目。'),
  NOT_MANUFACTURING: text('HELD', 'E-01', 'the industry is outside manufacturing (C13 to C43).',
    'Confirm the row only if the enterprise does manufacture, else drop it.',
    '行业不在制造业（C13—C43）范围内。', '如企业确属制造业请确认该行，否则请撤下。'),
  OTHER_PARK: text('HELD', null, 'this names another registered park ({0}).',
    'Confirm the row only if the enterprise belongs to your park, else drop it.',
    '所填园区为另一已登记园区（{0}）。', '如企业确属本园区请确认该行，否则请撤下。'),
  SAME_CODE_OTHER_NAME: text('HELD', null, '{0} has the same code with another name ({1}): one of the two is wrong.',
    'Compare with the business licence, then confirm or drop the row.',
    '{0}代码相同而名称不同（{1}），必有一处有误。', '请与营业执照核对后确认或撤下该行。'),
  SAME_NAME_OTHER_CODE: text('HELD', null, '{0} has the same name with another code ({1}): one of the two is wrong.',
    'Compare with the business licence, then confirm or drop the row.',
    '{0}名称相同而代码不同（{1}），必有一处有误。', '请与营业执照核对后确认或撤下该行。'),
  NAME_DIFFERS_FROM_EARLIER: text('REMARK', null, 'your park sent this code earlier under the name {0}.', 'Check which name is in force.',
    '贵园区此前报送该代码时名称为“{0}”。', '请核对现用名称。'),
  NAME_DIFFERS: text('REMARK', null, 'the name differs from the one the hub knows for this code.', 'Check which name is in force.',
    '企业名称与平台已有记录不一致。', '请核对现用名称。'),
  DUPLICATE: text('REJECTED', null, 'the same need of this enterprise is already there: {0}{1}.',
    'Nothing, if it is the same; otherwise give the project its own code, or send the list as a correction of the earlier one (corrects).',
    '该企业的同一融资需求已存在：{0}{1}。', '如为同一需求无须处理；如为另一项目请填写各自的项目代码；如需更正原需求，请注明所更正的名单（corrects）后报送。'),
  REPLACES_EARLIER: text('REMARK', null, 'takes the place of the earlier need {0}: {1}.', 'Nothing, if this is the correction.',
    '替换此前的需求{0}：{1}。', '如确为更正无须处理。'),
  SECOND_PROJECT: text('REMARK', 'E-09', 'a second need of this enterprise in the list (first: {0}); the limit per enterprise counts both.',
    'Nothing, if both are meant.',
    '本名单中该企业的第二项需求（第一项：{0}），单户限额合并计算。', '如确为两项需求无须处理。'),
  HOUSEHOLD_LIMIT: text('REMARK', 'E-09',
    'the needs and loans of this enterprise would exceed the limit of {0} yuan for one enterprise, in principle.',
    'Expect a smaller approval, or add a qualification that raises the limit.',
    '该企业需求与贷款合计将超过单户限额{0}元（原则上）。', '审批额度可能相应减少；如企业具有提高限额的资质请补填。'),
  ROW_HIDDEN: text('REMARK', null, 'the row is hidden in the sheet but was read.', 'Withdraw the need if it was not meant to be sent.',
    '该行在表中被隐藏，但已读取。', '如不应报送请撤回该需求。'),
  BLANK_ROW: text('NONE', null, 'a blank row.', 'Nothing.',
    '空行。', '无须处理。'),
  TOTAL_ROW: text('NONE', null, 'a total row; it is not used as a control sum.', 'Nothing.',
    '合计行，不作为核对依据。', '无须处理。'),
  NOTE_ROW: text('NONE', null, 'a note, not an enterprise.', 'Nothing, unless it was meant as one: then fill in its columns.',
    '说明文字，不是企业数据。', '无须处理；如应为企业数据，请补全各列。'),
  REPEATED_HEAD: text('NONE', null, 'the heads once more.', 'Nothing.',
    '重复的表头。', '无须处理。'),
  EXAMPLE_ROW: text('NONE', null, 'the example of the form.', 'Nothing.',
    '模板示例行。', '无须处理。')
} as const satisfies Record<string, Text>

export type FindingCode = keyof typeof table
export const FINDING_CODES = Object.keys(table) as FindingCode[]

export function isFindingCode (code: string): code is FindingCode {
  return Object.hasOwn(table, code)
}

export function gradeOf (code: string): Grade {
  return isFindingCode(code) ? table[code].grade : 'REMARK'
}

const VALUE_SHOWN_MAX = 60

/** A row and what is known of it when something is found: enough to point a clerk to the cell. */
export interface Place {
  sheet: string | null
  row: number
  columns: Columns
  raw: Partial<Record<Field, string>>
}

/** How a row is named to a clerk, in both languages. */
export function rowName (place: { sheet: string | null, row: number }): { en: string, zh: string } {
  if (place.sheet === null) return { en: `record ${place.row}`, zh: `第${place.row}条记录` }
  return { en: `sheet “${place.sheet}” row ${place.row}`, zh: `工作表“${place.sheet}”第${place.row}行` }
}

function filled (template: string, values: readonly string[]): string {
  return template.replace(/\{(\d)\}/gu, (_, index: string) => values[Number(index)] ?? '')
}

/** The longest prefix of whole characters. */
export function shortened (value: string, max: number): string {
  const characters = [...value]
  return characters.length <= max ? value : `${characters.slice(0, max - 1).join('')}…`
}

/**
 * A finding of the table, located.
 *
 * @param field the column it is about; null for the row as a whole
 * @param en, zh what fills `{0}`, `{1}` of the sentence
 */
export function listFinding (
  code: FindingCode, place: Place, field: Field | null, en: readonly string[] = [], zh: readonly string[] = en
): ListFinding {
  const { rule_id, wrong, wrong_zh, todo, todo_zh } = table[code]
  const at = field === null ? undefined : place.columns[field]
  const value = field === null ? null : place.raw[field] ?? null
  const { en: row, zh: row_zh } = rowName(place)
  const shown = value === null || value === '' ? '' : shortened(value.replace(/\p{Cc}/gu, ' '), VALUE_SHOWN_MAX)
  const head = at?.head ?? null
  const column_en = at === undefined ? '' : `, column ${at.column}${head === null ? '' : ` (${head})`}`
  const column_zh = at === undefined ? '' : `${at.column}列${head === null ? '' : `（${head}）`}`
  return {
    code,
    rule_id,
    column: at?.column ?? null,
    head,
    value: value === null ? null : shortened(value, 500),
    message: `${row[0]?.toUpperCase()}${row.slice(1)}${column_en}${shown === '' ? '' : `, “${shown}”`}: ${filled(wrong, en)} ${todo}`,
    message_zh: `${`${row_zh}${column_zh}${shown === '' ? '' : `“${shown}”`}`.replaceAll('：', ':')}：${filled(wrong_zh, zh)}${todo_zh}`
  }
}

/** The two halves of a finding's Chinese sentence: what is wrong, what to do. */
export function halvesZh (finding: Finding): { wrong: string, todo: string } {
  const todo = isFindingCode(finding.code) ? table[finding.code].todo_zh : ''
  const start = finding.message_zh.indexOf('：') + 1
  return { wrong: finding.message_zh.slice(start, finding.message_zh.length - todo.length), todo }
}
