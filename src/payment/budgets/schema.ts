import Type from 'typebox'
import { InstantOut, Money, named, No, oneOf, PageQuery, Version } from '../../http/schema.ts'
import { Year } from '../../subsidy/lines/schema.ts'
import { BUDGET_SOURCES, FUND_SOURCES } from './sources.ts'

export const FundSourceField = (description = 'Source of the money 资金来源') => oneOf(FUND_SOURCES, description)

const BudgetSourceField = () => oneOf(BUDGET_SOURCES, 'Source of the money 资金来源; RISK_POOL 风险补偿资金池: the fiscal part of compensated losses is drawn from it')

export const BudgetBody = Type.Object({
  year: Year('Budget year'), fund_source: BudgetSourceField(), amount: Money('Whole budget of that year and source')
}, { additionalProperties: false })

export const BudgetQuery = Type.Object({ ...PageQuery, year: Type.Optional(Year('Only this year')) }, { additionalProperties: false })

export const BudgetView = named('Budget', Type.Object({
  budget_no: No('budget', 'Number'),
  year: Year('Budget year'),
  fund_source: BudgetSourceField(),
  amount: Money('Whole budget'),
  used: Money('Used by approved batches, less what came back'),
  left: Money('Still free'),
  version: Version,
  decided_by: Type.String({ maxLength: 60, description: 'Person that decided it' }),
  created_at: InstantOut('When it was first decided'),
  updated_at: InstantOut('When it last changed')
}))

export const budget_example = {
  budget_no: 'budget_01JB2Q8Z6V7K3M5N9P4R1S0T2W', year: 2026, fund_source: 'MUNICIPAL', amount: '1000000000.00', used: '45000.00',
    left: '999955000.00', version: 1,
  decided_by: 'finance-bureau-user-1', created_at: '2026-01-05T02:00:00.000Z', updated_at: '2026-04-05T02:00:00.000Z'
}
