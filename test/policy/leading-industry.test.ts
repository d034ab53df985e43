/** Which industries a consortium supports: S1 四(一)(二). */
import t from 'tap'
import { industryPrefixes, isOfIndustries } from '../../src/policy/leading-industry.ts'

t.test('industries are read from codes and from the names of the standard; what is neither stands for none', async t => {
  t.same(industryPrefixes(['C36', '3670', ' c34 通用设备制造业', '汽车制造业', '汽车制造', '智能网联新能源汽车集群', 'C99', '']), ['34', '36', '3670'])
  t.same(industryPrefixes(['汽车零部件及配件制造']), ['367'], 'the shortest code of a name')
})

t.test('an enterprise belongs to an industry when its code begins with it', async t => {
  const prefixes = industryPrefixes(['C36', '3411'])
  t.same(['C3670', '3670', '36', 'C3411', '3412', 'C3811', '', '业'].map(code => isOfIndustries(code, prefixes)),
    [true, true, true, true, false, false, false, false])
})
