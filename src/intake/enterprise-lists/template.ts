import { workbookOf } from './writing.ts'

const HEADS = [
  '序号', '企业名称', '统一社会信用代码', '项目名称', '项目代码', '融资金额（万元）', '期限（月）', '用途', '提出日期', '是否授权',
  '所在园区', '行业代码', '企业资质', '联系人', '联系电话', '从业人员', '营业收入（万元）', '备注'
] as const
const WIDTHS = [8, 34, 24, 32, 28, 16, 10, 24, 14, 10, 24, 12, 24, 12, 16, 10, 18, 24] as const
/** Columns in which figures would be spoiled as numbers: code, project code, phone. */
const TEXT_COLUMNS = [2, 4, 14] as const
const LAST_ROW = 5003
const PURPOSES = ['设备购置', '设备安装', '软件购置', '网络建设', '厂房改扩建', '技术改造整体项目', '扩大再投资', '其他'] as const
const QUALIFICATIONS = ['专精特新中小企业', '专精特新“小巨人”企业', '高新技术企业', '科技型中小企业', '创新型中小企业', '无'] as const

const NOTES: readonly (readonly string[])[] = [
  ['填表说明'],
  ['1', '每行填写一项融资需求。必填：企业名称、统一社会信用代码、融资金额、期限、用途、是否授权；其余可后补。'],
  ['2', '统一社会信用代码为18位，按营业执照填写；字母 O、I 不会出现在代码中，系统不会自动更正。'],
  ['3', '金额单位以表头为准（万元）。如单元格内写明单位（如“300万元”“3000000元”），以单元格为准。不要写“约”“面议”或区间。'],
  ['4', '期限单位为月；也可写“3年”“一年半”。'],
  ['5', '“是否授权”填：是、已授权、同意、已同意、已签、已签署、√、Y、YES、TRUE、1 之一方为授权；空白或其他内容，该行暂缓，不会推送给任何机构。'],
  ['6', '同一企业同一项目代码（无代码时按项目名称）只能有一项未结需求，重复行不接收。'],
  ['7', '折合不足1万元或超过10亿元的金额视为单位可能有误，该行暂缓，待园区确认。'],
  ['8', '单户限额原则上1000万元；专精特新、小巨人、高新技术、科技型中小、创新型中小企业为3000万元。超过只作提示。'],
  ['9', '日期请写成 2026-08-01；项目代码形如 2606-500112-07-02-123456。'],
  ['10', '合计行、空行、以“注”开头的说明行不计入；“示例”行不计入，可删除。每份名单不超过5000行。'],
  ['11', '上传后可下载带“处理结果、问题说明、处理办法”三列的原表。']
]

/** The form a park clerk can fill in: drop-downs, an example that is not read as data, and a sheet of notes. */
export function listTemplate (): Uint8Array {
  const example = [
    '示例', '重庆某某机械制造有限公司', '91500112MAXX00015Q', '数控产线智能化改造项目', '2606-500112-07-02-100001', 300, 36, '设备购置', '2026-08-01', '是',
    '', 'C3421', '高新技术企业', '联系人姓名', '023-00000000', 120, 5000, '本行为示例，不计入'
  ]
  const columns = (letter: string): string => `${letter}3:${letter}${LAST_ROW}`
  return workbookOf([
    {
      name: '融资需求', rows: [['园区企业技术改造融资需求名单'], [...HEADS], example], widths: WIDTHS, head_rows: [1, 2], frozen_rows: 2,
      text_columns: TEXT_COLUMNS, merges: ['A1:R1'],
      choices: [
        { range: columns('H'), list: PURPOSES },
        { range: columns('J'), list: ['是', '否'] },
        { range: columns('M'), list: QUALIFICATIONS }
      ]
    },
    { name: '填表说明', rows: NOTES, widths: [10, 110], head_rows: [1], frozen_rows: 0, text_columns: [], merges: ['A1:B1'], choices: [] }
  ])
}
