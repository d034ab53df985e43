/** One district or county of Chongqing for as long as its code and name were current. Half-open in time. */
export interface Region {
  readonly code: string
  readonly name: string
  readonly valid_from: string
  /** the first day it is no longer current; null: still current */
  readonly valid_to: string | null
  readonly successors: readonly string[]
}

/**
 * GB/T 2260 codes of Chongqing since 1997. Where only the year of a change is known, old and new are both valid in that year.
 * On 2025-11-06 江北区 and 渝北区 were abolished and 两江新区 (500157) set up. A code inside an older credit code or project
 * code stays valid for ever; only the region of a new record is judged by date.
 */
const TABLE: readonly (readonly [code: string, name: string, valid_from: string, valid_to: string | null, successors: string])[] = [
  ['500000', '重庆市', '1997-01-01', null, ''],
  ['500101', '万县区', '1997-01-01', '1999-01-01', '500101'],
  ['500101', '万州区', '1998-01-01', null, ''],
  ['500102', '涪陵区', '1997-01-01', null, ''],
  ['500103', '渝中区', '1997-01-01', null, ''],
  ['500104', '大渡口区', '1997-01-01', null, ''],
  ['500105', '江北区', '1997-01-01', '2025-11-06', '500157'],
  ['500106', '沙坪坝区', '1997-01-01', null, ''],
  ['500107', '九龙坡区', '1997-01-01', null, ''],
  ['500108', '南岸区', '1997-01-01', null, ''],
  ['500109', '北碚区', '1997-01-01', null, ''],
  ['500110', '万盛区', '1997-01-01', '2012-01-01', '500110'],
  ['500110', '綦江区', '2011-01-01', null, ''],
  ['500111', '双桥区', '1997-01-01', '2012-01-01', '500111'],
  ['500111', '大足区', '2011-01-01', null, ''],
  ['500112', '渝北区', '1997-01-01', '2025-11-06', '500157 500109'],
  ['500113', '巴南区', '1997-01-01', null, ''],
  ['500114', '黔江区', '2000-01-01', null, ''],
  ['500115', '长寿区', '2001-01-01', null, ''],
  ['500116', '江津区', '2006-01-01', null, ''],
  ['500117', '合川区', '2006-01-01', null, ''],
  ['500118', '永川区', '2006-01-01', null, ''],
  ['500119', '南川区', '2006-01-01', null, ''],
  ['500120', '璧山区', '2014-01-01', null, ''],
  ['500151', '铜梁区', '2014-01-01', null, ''],
  ['500152', '潼南区', '2015-01-01', null, ''],
  ['500153', '荣昌区', '2015-01-01', null, ''],
  ['500154', '开州区', '2016-01-01', null, ''],
  ['500155', '梁平区', '2016-01-01', null, ''],
  ['500156', '武隆区', '2016-01-01', null, ''],
  ['500157', '两江新区', '2025-11-06', null, ''],
  ['500221', '长寿县', '1997-01-01', '2002-01-01', '500115'],
  ['500222', '綦江县', '1997-01-01', '2012-01-01', '500110'],
  ['500223', '潼南县', '1997-01-01', '2016-01-01', '500152'],
  ['500224', '铜梁县', '1997-01-01', '2015-01-01', '500151'],
  ['500225', '大足县', '1997-01-01', '2012-01-01', '500111'],
  ['500226', '荣昌县', '1997-01-01', '2016-01-01', '500153'],
  ['500227', '璧山县', '1997-01-01', '2015-01-01', '500120'],
  ['500228', '梁平县', '1997-01-01', '2017-01-01', '500155'],
  ['500229', '城口县', '1997-01-01', null, ''],
  ['500230', '丰都县', '1997-01-01', null, ''],
  ['500231', '垫江县', '1997-01-01', null, ''],
  ['500232', '武隆县', '1997-01-01', '2017-01-01', '500156'],
  ['500233', '忠县', '1997-01-01', null, ''],
  ['500234', '开县', '1997-01-01', '2017-01-01', '500154'],
  ['500235', '云阳县', '1997-01-01', null, ''],
  ['500236', '奉节县', '1997-01-01', null, ''],
  ['500237', '巫山县', '1997-01-01', null, ''],
  ['500238', '巫溪县', '1997-01-01', null, ''],
  ['500239', '黔江土家族苗族自治县', '1997-01-01', '2001-01-01', '500114'],
  ['500240', '石柱土家族自治县', '1997-01-01', null, ''],
  ['500241', '秀山土家族苗族自治县', '1997-01-01', null, ''],
  ['500242', '酉阳土家族苗族自治县', '1997-01-01', null, ''],
  ['500243', '彭水苗族土家族自治县', '1997-01-01', null, ''],
  ['500381', '江津市', '1997-01-01', '2007-01-01', '500116'],
  ['500382', '合川市', '1997-01-01', '2007-01-01', '500117'],
  ['500383', '永川市', '1997-01-01', '2007-01-01', '500118'],
  ['500384', '南川市', '1997-01-01', '2007-01-01', '500119']
]

export const REGIONS: readonly Region[] = TABLE.map(([code, name, valid_from, valid_to, successors]) => (
  { code, name, valid_from, valid_to, successors: successors === '' ? [] : successors.split(' ') }
))

/** Functional zones that act like districts but have no code of their own (S1, S2 address them). */
export const ZONES: readonly { readonly zone_code: string, readonly name: string }[] = [
  { zone_code: 'CQ_HIGH_TECH', name: '西部科学城重庆高新区' },
  { zone_code: 'WANSHENG', name: '万盛经济技术开发区' }
]

/** The region with that code as it was on that day; null when the code was not current then. */
export function regionOn (code: string, date: string): Region | null {
  return REGIONS.find((region) => region.code === code && region.valid_from <= date && (region.valid_to === null || date < region.valid_to)) ?? null
}

/** Everything that ever carried the code, the current one first. */
export function regionsEver (code: string): Region[] {
  return REGIONS.filter((region) => region.code === code).sort((a, b) => (a.valid_from < b.valid_from ? 1 : -1))
}
