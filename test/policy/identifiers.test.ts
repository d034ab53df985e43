import t from 'tap'
import {
  checkAccountNo, checkCnaps, checkProjectCode, checkUscc, industryName, isManufacturing, isUscc, normaliseAccountNo, normaliseIndustryCode,
  normaliseProjectCode, normaliseUscc, usccRegion
} from '../../src/policy/identifiers.ts'
import { purposeCodeOf } from '../../src/policy/purposes.ts'
import { regionOn, REGIONS } from '../../src/policy/regions.ts'
import { hasLimitTag, tagsNamed, type HeldTag } from '../../src/policy/tags.ts'

const MADE_UP = ['91500112MAXX00015Q', '91500115MAXX00023Y', '91500120MAXX000311', '91500000MAXX0004XL', '91500107MAXX00058Y', '91500151MAXX00066G']
const codes = (list: readonly { code: string }[]): string[] => list.map((one) => one.code)

t.test('a made-up code with a right check character passes, every single wrong character is caught', async (t) => {
  const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'
  for (const uscc of MADE_UP) {
    t.same(checkUscc(uscc), [], uscc)
    const slipped: string[] = []
    for (let at = 0; at < 18; at += 1) {
      for (const other of alphabet) {
        const wrong = uscc.slice(0, at) + other + uscc.slice(at + 1)
        if (wrong !== uscc && isUscc(wrong)) slipped.push(wrong)
      }
    }
    t.same(slipped, [])
  }
})

t.test('the standard’s own example: Y43 is right, Y4Z is not', async (t) => {
  t.same(checkUscc('91350100M000100Y43'), [])
  t.same(codes(checkUscc('91350100M000100Y4Z')), ['USCC_CHARSET'])
  t.same(codes(checkUscc('91350100M000100Y44')), ['USCC_CHECK_DIGIT'])
})

t.test('each way a code goes wrong has its own name', async (t) => {
  t.same(codes(checkUscc('9.15001E+17')), ['USCC_SCIENTIFIC'])
  t.same(codes(checkUscc('9.15E17')), ['USCC_SCIENTIFIC'])
  t.same(codes(checkUscc('')), ['USCC_LENGTH'])
  t.same(codes(checkUscc('91500112MAXX00015')), ['USCC_LENGTH'])
  t.same(codes(checkUscc('9150O112MAXX00015Q')), ['USCC_CHARSET'])
  t.same(codes(checkUscc('9150O112MAXX0001')), ['USCC_CHARSET', 'USCC_LENGTH'])
  t.same(codes(checkUscc('915A0112MAXX00015Q')), ['USCC_CHARSET'], 'a letter inside the region')
})

t.test('a broken inner organisation code is a warning and does not refuse', async (t) => {
  const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'
  const odd = [...alphabet].map((last) => `91500112MAXX00016${last}`).find((code) => !checkUscc(code).some((one) => one.severity === 'ERROR'))
  t.ok(odd)
  t.same(checkUscc(odd ?? '').map((one) => [one.code, one.severity]), [['USCC_ORGANISATION_CODE', 'WARNING']])
  t.ok(isUscc(odd ?? ''))
})

t.test('codes are cleaned as people type them, never repaired', async (t) => {
  const wanted = '91500112MAXX00015Q'
  for (const typed of [' 91500112maxx00015q ', '91500112-MAXX0001-5Q', '９１５００１１２ＭＡＸＸ０００１５Ｑ', '\'91500112MAXX00015Q', '="91500112MAXX00015Q"', '91500112\u3000MAXX00015Q\t', '\u200b91500112MAXX00015Q\ufeff', '91500112－MAXX00015Q']) {
    t.equal(normaliseUscc(typed), wanted, JSON.stringify(typed))
  }
  t.equal(normaliseUscc('915OO112MAXX00015Q'), '915OO112MAXX00015Q', 'the letter O stays')
})

t.test('a code of an abolished district stays valid and says what became of it', async (t) => {
  const region = usccRegion('91500112MAXX00015Q')
  t.ok(region?.is_chongqing)
  t.same(region?.regions.map((one) => [one.name, one.valid_to, one.successors]), [['渝北区', '2025-11-06', ['500157', '500109']]])
  t.equal(regionOn('500112', '2025-11-05')?.name, '渝北区')
  t.equal(regionOn('500112', '2025-11-06'), null)
  t.equal(regionOn('500157', '2025-11-06')?.name, '两江新区')
  t.equal(regionOn('500157', '2025-11-05'), null)
  t.equal(REGIONS.filter((one) => one.code !== '500000' && one.valid_to === null).length, 37)
  t.equal(usccRegion('9150A112MAXX00015Q'), null)
  t.equal(usccRegion('91330212MAXX00015Q')?.is_chongqing, false)
})

t.test('a project code is judged by its form, its kind only remarked', async (t) => {
  t.same(checkProjectCode(normaliseProjectCode(' 2604－500120—07－02－315692 ')), [])
  t.same(codes(checkProjectCode('2604-500120-04-01-315692')), ['PROJECT_CODE_KIND'])
  t.same(codes(checkProjectCode('2604-330120-07-02-315692')), ['PROJECT_CODE_REGION'])
  t.same(checkProjectCode('2017-500120-07-02-315692'), [], 'old codes start with the year')
  for (const wrong of ['2613-500120-07-02-315692', '2600-500120-07-02-315692', '2604-500120-07-02-31569', '260450012007023156920000', '']) {
    t.same(codes(checkProjectCode(wrong)), ['PROJECT_CODE_INVALID'], wrong)
  }
})

t.test('a CNAPS number lives by its check digit', async (t) => {
  for (const good of ['999653000014', '998653000018']) t.same(checkCnaps(good), [], good)
  for (const wrong of ['999653000015', '99965300001', '99965300001A', '']) t.same(codes(checkCnaps(wrong)), ['CNAPS_INVALID'], wrong)
})

t.test('a personal card is no account of an enterprise', async (t) => {
  for (const card of ['6222020000000000000', '6217000000000006']) t.same(codes(checkAccountNo(card)), ['ACCOUNT_NOT_CORPORATE'], card)
  for (const account of ['6222020000000000001', '6117000000000006', '62170000']) t.same(checkAccountNo(account), [], account)
  t.same(checkAccountNo(normaliseAccountNo('5000-1234-5678-9012')), [])
  t.same(codes(checkAccountNo('1234567')), ['ACCOUNT_NO_INVALID'])
  t.same(codes(checkAccountNo('1'.repeat(33))), ['ACCOUNT_NO_INVALID'])
})

t.test('industry codes are read as they are written', async (t) => {
  const written = { 'C3670': '3670', '3670': '3670', 'C36': '3600', 'c367': '3670', 'C3670 汽车零部件及配件制造': '3670', 'Ｃ３６７０': '3670', 'I6510': '6510' }
  for (const [text, code] of Object.entries(written)) t.equal(normaliseIndustryCode(text), code, text)
  for (const text of ['', '汽车', 'I3670', 'C6510', '00', '99', 'C36700', '3']) t.equal(normaliseIndustryCode(text), null, text)
  t.equal(isManufacturing('C1311'), true)
  t.equal(isManufacturing('C43'), true)
  t.equal(isManufacturing('C12'), null)
  t.equal(isManufacturing('12'), false)
  t.equal(isManufacturing('4410'), false)
  t.equal(isManufacturing('I65'), false, 'software is no manufacturing')
  t.equal(isManufacturing('汽车'), null)
  t.equal(industryName('C36'), '汽车制造业')
  t.equal(industryName('3670'), '汽车零部件及配件制造')
  t.equal(industryName('C3999'), null)
})

t.test('a purpose finds its code by the published table', async (t) => {
  const table = { '设备购置及安装': 'EQUIPMENT_PURCHASE', '设备安装调试': 'INSTALLATION', '软件购置及网络建设': 'SOFTWARE', '厂房改扩建': 'CIVIL_WORKS', '生产线自动化改造': 'WHOLE_PROJECT', '扩大再投资': 'REINVESTMENT_EXPANSION', '网络 建设': 'NETWORK', '补充流动资金': 'OTHER', '设备款流动资金': 'OTHER', '': 'OTHER', '其他': 'OTHER' }
  for (const [text, code] of Object.entries(table)) t.equal(purposeCodeOf(text), code, text)
})

t.test('titles are found in a text, the higher one swallows the lower', async (t) => {
  t.same(tagsNamed('专精特新“小巨人”企业、高新技术企业'), ['LITTLE_GIANT', 'HIGH_TECH'])
  t.same(tagsNamed('专精特新中小企业'), ['SRDI_SME'])
  t.same(tagsNamed('潜在独角兽'), ['POTENTIAL_UNICORN'])
  t.same(tagsNamed('科技型中小企业；创新型中小企业'), ['TECH_SME', 'INNOVATIVE_SME'])
  t.same(tagsNamed('HIGH_TECH, GAZELLE'), ['HIGH_TECH', 'GAZELLE'])
  t.same(tagsNamed('无'), [])
})

t.test('a title raises the limit only while it holds, and only one of the five', async (t) => {
  const tag = (over: Partial<HeldTag>): HeldTag => ({ tag: 'HIGH_TECH', basis: 'CERTIFICATE', valid_from: '2024-01-01', valid_to: '2027-01-01', ...over })
  t.ok(hasLimitTag([tag({})], '2026-12-31'))
  t.notOk(hasLimitTag([tag({})], '2027-01-01'))
  t.notOk(hasLimitTag([tag({})], '2023-12-31'))
  t.notOk(hasLimitTag([tag({ tag: 'GAZELLE' })], '2026-01-01'))
  t.ok(hasLimitTag([tag({ basis: 'DECLARED', valid_from: null, valid_to: null })], '2026-01-01'))
})
