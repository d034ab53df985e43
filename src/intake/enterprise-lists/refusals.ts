/** Why a file as a whole is not taken in. One table, so that each refusal always says what to do. */

export const REFUSAL_CODES = [
  'ENCRYPTED', 'LEGACY_XLS', 'NOT_A_SPREADSHEET', 'DAMAGED', 'TOO_LARGE_UNPACKED', 'NO_HEAD_FOUND', 'NO_DATA_ROWS',
  'ENCODING_UNKNOWN', 'UNIT_UNKNOWN', 'DECLARED_COUNT_MISMATCH', 'DECLARED_SUM_MISMATCH'
] as const
export type RefusalCode = typeof REFUSAL_CODES[number]

export interface Refusal {
  code: RefusalCode
  message: string
  message_zh: string
  what_to_do: string
  what_to_do_zh: string
}

/** What exactly was met, in both languages; follows the code's own sentence. */
export interface Detail { en: string, zh: string }

const texts: Record<RefusalCode, Omit<Refusal, 'code'>> = {
  ENCRYPTED: {
    message: 'The workbook is protected by a password and cannot be read.',
    message_zh: '工作簿设有打开密码，无法读取。',
    what_to_do: 'Open it in Excel or WPS, remove the password (File, Info, Protect), save and send it again.',
    what_to_do_zh: '请用 Excel 或 WPS 打开，在“文件—信息—保护”中取消密码，保存后重新上传。'
  },
  LEGACY_XLS: {
    message: 'The file is in the old .xls format of Excel 97–2003.',
    message_zh: '文件是 Excel 97–2003 的旧 .xls 格式。',
    what_to_do: 'Open it, choose “Save as”, pick “Excel workbook (.xlsx)”, and send the new file.',
    what_to_do_zh: '请打开文件，选择“另存为”，格式选“Excel 工作簿（.xlsx）”，上传新文件。'
  },
  NOT_A_SPREADSHEET: {
    message: 'The file is neither an .xlsx workbook nor a CSV text.',
    message_zh: '文件既不是 .xlsx 工作簿，也不是 CSV 文本。',
    what_to_do: 'Send the list as .xlsx or .csv; the template can be downloaded from this service.',
    what_to_do_zh: '请以 .xlsx 或 .csv 格式上传名单，可先下载本服务的模板。'
  },
  DAMAGED: {
    message: 'The file is damaged or was cut off on the way.',
    message_zh: '文件已损坏或传输不完整。',
    what_to_do: 'Open it in Excel or WPS, save it under a new name as .xlsx and send that file.',
    what_to_do_zh: '请用 Excel 或 WPS 打开后另存为新的 .xlsx 文件，再上传。'
  },
  TOO_LARGE_UNPACKED: {
    message: 'The list is larger than what one upload may hold.',
    message_zh: '名单超出一次上传可容纳的大小。',
    what_to_do: 'Delete empty formatted rows and columns below and right of the list, or split it (at most 5,000 rows each as .xlsx, 100,000 as .csv).',
    what_to_do_zh: '请删除表格下方和右侧带格式的空行空列，或拆分名单（每份 .xlsx 不超过5000行，.csv 不超过100000行）后重新上传。'
  },
  NO_HEAD_FOUND: {
    message: 'No row of column heads was found.',
    message_zh: '没有找到表头行。',
    what_to_do: 'Give the list a head row with 企业名称, 统一社会信用代码, 融资金额（万元）, 期限（月）, 用途, 是否授权.',
    what_to_do_zh: '请在名单上方设表头行：企业名称、统一社会信用代码、融资金额（万元）、期限（月）、用途、是否授权。'
  },
  NO_DATA_ROWS: {
    message: 'The list has heads but no row of an enterprise.',
    message_zh: '名单只有表头，没有企业数据行。',
    what_to_do: 'Fill in at least one enterprise below the heads and send the file again.',
    what_to_do_zh: '请在表头下至少填写一家企业后重新上传。'
  },
  ENCODING_UNKNOWN: {
    message: 'The text is in none of the encodings UTF-8, UTF-16 and GB18030.',
    message_zh: '文本编码不是 UTF-8、UTF-16 或 GB18030（GBK）。',
    what_to_do: 'Save the list as .xlsx, or as “CSV UTF-8”, and send it again.',
    what_to_do_zh: '请将名单另存为 .xlsx 或“CSV UTF-8”格式后重新上传。'
  },
  UNIT_UNKNOWN: {
    message: 'It cannot be told in which unit the figures are.',
    message_zh: '无法确定数字的单位。',
    what_to_do: 'Write the unit into the column head, for instance 融资金额（万元） and 期限（月）, and send the file again.',
    what_to_do_zh: '请在表头写明单位，例如“融资金额（万元）”“期限（月）”，再重新上传。'
  },
  DECLARED_COUNT_MISMATCH: {
    message: 'The number of rows differs from the declared one.',
    message_zh: '行数与申报的行数不一致。',
    what_to_do: 'Check that the right and complete file was chosen, or correct the declared number of rows.',
    what_to_do_zh: '请核对是否选对了文件且内容完整，或更正申报行数。'
  },
  DECLARED_SUM_MISMATCH: {
    message: 'The sum of the amounts differs from the declared one.',
    message_zh: '金额合计与申报的合计不一致。',
    what_to_do: 'Check the amounts and their unit, or correct the declared sum.',
    what_to_do_zh: '请核对金额及其单位，或更正申报金额合计。'
  }
}

/**
 * The refusal as it is shown.
 *
 * @param detail what was met in this file; added to the code's own sentence
 */
export function refusalOf (code: RefusalCode, detail?: Detail): Refusal {
  const text = texts[code]
  if (detail === undefined) return { code, ...text }
  return { code, ...text, message: `${text.message} ${plain(detail.en)}`, message_zh: `${text.message_zh}${plain(detail.zh)}` }
}

const DETAIL_MAX = 500

/** What a damaged file says about itself may be anything: parts and sheets have names too. */
function plain (text: string): string {
  const shown = [...text.toWellFormed().replace(/\p{Cc}/gu, '')]
  return shown.length <= DETAIL_MAX ? shown.join('') : `${shown.slice(0, DETAIL_MAX - 1).join('')}…`
}

/** Thrown while reading, caught by `readList`: the file as a whole is refused. */
export class ListRefused extends Error {
  readonly refusal: Refusal

  constructor (code: RefusalCode | Refusal, detail?: Detail) {
    const refusal = typeof code === 'string' ? refusalOf(code, detail) : code
    super(refusal.message)
    this.name = 'ListRefused'
    this.refusal = refusal
  }
}
