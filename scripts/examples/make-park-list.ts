/** Writes `park-list.xlsx`, the list that the demo uploads: invented enterprises, as a park would send them. */
import { writeFileSync } from 'node:fs'
import { workbookOf } from '../../src/intake/enterprise-lists/writing.ts'

const heads = [
  ['序号', '企业名称', '统一社会信用代码', '所在园区', '行业代码', '技改项目', null, '融资需求', null, null, null, '企业资质', '是否授权', '联系人及电话'],
  [null, null, null, null, null, '项目名称', '项目代码', '金额（万元）', '期限（月）', '用途', '提出日期', null, null, null]
]
const park = '渝北示范产业园'
const contact = (number: number): string => `测试员${String(number).padStart(2, '0')} 1540000${String(1000 + number)}`

/** Codes of invented enterprises; both check characters are right unless the row says otherwise. */
const rows: (string | number | null)[][] = [
  [1, '重庆云岭精密机械有限公司（虚构）', '91500112MAXX00015Q', park, 'C3670', '数控加工单元智能化改造项目', '2606-500112-07-02-123456', 300, 36, '设备购置', '2026-03-02', '专精特新中小企业', '是', contact(1)],
  [2, '重庆江岸新材料有限公司（虚构）', '91500115 MAXX 00023Y', park, 'C2641', '树脂合成线智能化改造项目', '2605-500112-07-02-223344', '1,200.00', 36, '设备购置及安装', '2026年3月5日', '高新技术企业', '已授权', contact(2)],
  [3, '重庆虚构丙申新材料有限公司', '９１５００１２０ＭＡＸＸ０００３１１', park, 'C2652', '塑料粒子车间节能降碳改造项目', '2604-500112-07-02-334455', '５００', 24, '节能降碳改造', '2026.3.6', null, '是', contact(3)],
  [4, '重庆虚构丁酉电子有限公司', '91500000maxx0004xl', park, 'C3982', 'SMT 产线数字化改造项目', '2603-500112-07-02-445566', '800万元', '3年', '软件购置及网络建设', '20260309', '科技型中小企业', '√', contact(4)],
  [5, '重庆虚构戊戌食品有限公司', '91500107MAXX00058Y', park, 'C1431', '灌装线自动化改造项目', '2602-500112-07-02-556677', 260.5, 18, '生产线自动化改造', '2026/3/10', null, '同意', contact(5)],
  [6, '重庆虚构己亥模具有限公司', '91500151MAXX00066G', park, 'C3525', '模具车间厂房改扩建项目', '2601-500112-07-02-667788', 1500, 60, '厂房改扩建', '2026-03-11', null, '是', contact(6)],
  [7, '重庆虚构庚子装备有限公司', null, park, 'C3515', '总装线检测设备更新项目', '2606-500112-07-02-778899', 400, 36, '检测设备更新', '2026-03-12', null, null, contact(7)],
  [8, '重庆虚构辛丑纸业有限公司', null, park, 'C2221', '纸机传动系统改造项目', '2605-500112-07-02-889900', null, 24, '设备购置', '2026-03-12', null, '是', contact(8)],
  [9, '重庆虚构壬寅铸造有限公司', null, park, 'C3391', '熔炼炉更新项目', '2604-500112-07-02-990011', 350, 36, '设备购置', '2026-03-13', null, '是', contact(9)],
  [10, '重庆云岭精密机械有限公司（虚构）', '91500112MAXX00015Q', park, 'C3670', '数控加工单元智能化改造项目', '2606-500112-07-02-123456', 300, 36, '设备购置', '2026-03-02', null, '是', contact(1)],
  [11, '重庆虚构癸卯建材有限公司', null, park, 'C3021', '窑炉节能智能化改造项目', '2603-500112-07-02-101112', 5_000_000, 36, '设备购置', '2026-03-16', null, '是', contact(11)],
  [12, '重庆虚构甲寅光电有限公司', null, park, 'C3975', '封装线扩产改造项目', '2602-500112-07-02-131415', 960, 48, '设备购置', '2026-02-30', null, '是', contact(12)],
  [null, '合计', null, null, null, null, null, 5_007_070.5, null, null, null, null, null, null],
  ['注：本表企业、项目、金额、联系人均为虚构，仅供演示；期限单位为月。', ...Array.from({ length: 13 }, () => null)]
]

const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY'
const value = (character: string): number => Number.parseInt(character, 36)

/** An invented code of 渝北: organisation code and code each with the check character that fits. */
function inventedCode (serial: number): string {
  const organisation = `MAWW${String(serial).padStart(4, '0')}`
  const inner = [3, 7, 9, 10, 5, 8, 4, 2].reduce((sum, weight, index) => sum + value(organisation.charAt(index)) * weight, 0)
  const check = 11 - (inner % 11)
  const first17 = `91500112${organisation}${check === 10 ? 'X' : check === 11 ? '0' : check}`
  const outer = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28].reduce((sum, weight, index) => sum + ALPHABET.indexOf(first17.charAt(index)) * weight, 0)
  return first17 + ALPHABET.charAt((31 - (outer % 31)) % 31)
}

for (const row of rows) {
  if (typeof row[0] === 'number' && row[2] === null) row[2] = inventedCode(row[0])
}
// Row 9 carries a code with two neighbours swapped, as it happens when one is typed off.
const swapped = rows[8]
if (swapped !== undefined) swapped[2] = String(swapped[2]).replace(/^(.{14})(.)(.)/u, '$1$3$2')

const bytes = workbookOf([{
  name: '需求汇总',
  rows: [['渝北示范产业园（虚构）技改融资需求企业汇总表（2026年第一季度）'], ['填报单位：渝北示范产业园（虚构）', ...Array.from({ length: 10 }, () => null), '单位：万元'], ...heads, ...rows],
  widths: [6, 34, 24, 20, 10, 32, 28, 14, 10, 22, 14, 20, 10, 24], head_rows: [1, 3, 4], frozen_rows: 4, text_columns: [2, 6],
  merges: ['A1:N1', 'A2:H2', 'L2:N2', 'A3:A4', 'B3:B4', 'C3:C4', 'D3:D4', 'E3:E4', 'F3:G3', 'H3:K3', 'L3:L4', 'M3:M4', 'N3:N4', 'A18:N18'],
  choices: [{ range: 'M5:M200', list: ['是', '否'] }]
}])
writeFileSync(new URL('park-list.xlsx', import.meta.url), bytes)
