/**
 * Validators and serializers made of schemas when they are first needed, once per process: a start compiles nothing,
 * and many apps in one process (tests) share what is compiled.
 */
import AjvCompiler from '@fastify/ajv-compiler'
import fastJsonStringify from 'fast-json-stringify'
import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify'
import { isInstant } from '../policy/calendar.ts'
import { isDate } from '../policy/period.ts'

interface Validator { (value: unknown): boolean, errors?: unknown }

const ajv = AjvCompiler()
const options = { removeAdditional: false, useDefaults: false, allErrors: true } as const
/** The kernel's own days and instants; an instant of the first or last year would leave the calendar in another time zone. */
const formats = {
  date: isDate,
  'date-time': (text: string) => isInstant(text) && text >= '0002' && text < '9999'
}
const onCreate = (made: { addFormat (name: string, format: (text: string) => boolean): unknown }): void => {
  for (const [name, format] of Object.entries(formats)) made.addFormat(name, format)
}
const strict = ajv({}, { customOptions: { ...options, coerceTypes: false }, onCreate })
/**
 * Text of a query becomes the number or flag it stands for; bodies are never coerced (D13). With strict numbers `1e400`, which becomes
 * infinite, would pass by its maximum.
 */
const coercing = ajv({}, { customOptions: { ...options, coerceTypes: true, strictNumbers: false }, onCreate })

const strict_validators = new WeakMap<object, Validator>()
const coercing_validators = new WeakMap<object, Validator>()
const serializers = new WeakMap<object, (value: unknown) => string>()

export const validatorCompiler: FastifySchemaCompiler<object> = route => {
  const query = route.httpPart === 'querystring'
  const known = query ? coercing_validators : strict_validators
  const validate: Validator = value => {
    let compiled = known.get(route.schema)
    if (compiled === undefined) known.set(route.schema, compiled = (query ? coercing : strict)(route as never) as unknown as Validator)
    const valid = compiled(value)
    validate.errors = compiled.errors
    return valid
  }
  return validate as ReturnType<FastifySchemaCompiler<object>>
}

export const serializerCompiler: FastifySerializerCompiler<object> = ({ schema }) => value => {
  let serialize = serializers.get(schema)
  if (serialize === undefined) serializers.set(schema, serialize = fastJsonStringify(schema as never) as (value: unknown) => string)
  return serialize(value)
}
