export const PURPOSE_CODES = ['EQUIPMENT_PURCHASE', 'INSTALLATION', 'SOFTWARE', 'NETWORK', 'CIVIL_WORKS', 'WHOLE_PROJECT',
  'REINVESTMENT_EXPANSION', 'OTHER'] as const
export type PurposeCode = typeof PURPOSE_CODES[number]

/** What a purpose is called where the sender gives only its code. */
export const PURPOSE_NAMES: Readonly<Record<PurposeCode, string>> = {
  EQUIPMENT_PURCHASE: '设备购置', INSTALLATION: '设备安装', SOFTWARE: '软件购置', NETWORK: '网络建设', CIVIL_WORKS: '土建工程', WHOLE_PROJECT: '整个技改项目',
  REINVESTMENT_EXPANSION: '扩大再投资', OTHER: '其他'
}

/**
 * The published table: the first row one of whose words stands in the text decides; no row: OTHER. Money that is not for a
 * project comes first, so that "设备款流动资金" is not taken for equipment.
 */
export const PURPOSE_TABLE: readonly { readonly purpose_code: PurposeCode, readonly words: readonly string[] }[] = [
  { purpose_code: 'OTHER', words: ['流动资金', '周转', '还贷', '借新还旧', '置换贷款', '购地', '土地'] },
  { purpose_code: 'REINVESTMENT_EXPANSION', words: ['扩大再投资', '再投资', '增资扩产', '扩产', '扩大生产', '扩能'] },
  { purpose_code: 'CIVIL_WORKS', words: ['厂房', '土建', '基建', '建筑工程'] },
  { purpose_code: 'INSTALLATION', words: ['设备安装', '安装调试', '安装工程'] },
  { purpose_code: 'EQUIPMENT_PURCHASE', words: ['设备', '机器', '机床', '机械购置'] },
  { purpose_code: 'SOFTWARE', words: ['软件', '信息系统', 'ERP', 'MES'] },
  { purpose_code: 'NETWORK', words: ['网络', '5G', '工业互联网'] },
  { purpose_code: 'WHOLE_PROJECT', words: ['技改', '技术改造', '改造', '改扩建', '生产线', '产线', '车间', '智能工厂', '项目建设'] },
  { purpose_code: 'INSTALLATION', words: ['安装'] }
]

/** Purpose code of a purpose as a park writes it. */
export function purposeCodeOf (text: string): PurposeCode {
  const plain = text.normalize('NFKC').replace(/\s+/gu, '').toUpperCase()
  return PURPOSE_TABLE.find((row) => row.words.some((word) => plain.includes(word)))?.purpose_code ?? 'OTHER'
}
