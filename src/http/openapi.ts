/**
 * The published contract: OpenAPI 3.1, generated from the declared operations.
 */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import Type, { type TSchema } from 'typebox'
import { Problem, problemOf, type ProblemCode } from '../problem.ts'
import { answers_kept_days } from './idempotency.ts'
import type { OperationSpec } from './operation.ts'
import { named } from './schema.ts'

const ProblemSchema = named('Problem', Type.Object({
  type: Type.String({ maxLength: 100, description: 'URN of the problem type' }),
  title: Type.String({ maxLength: 200, description: 'What kind of problem' }),
  status: Type.Integer({ minimum: 400, maximum: 599, description: 'HTTP status' }),
  detail: Type.String({ maxLength: 2000, description: 'What is wrong here and what to do' }),
  code: Type.String({ maxLength: 60, description: 'Stable code, lower_snake' }),
  trace_id: Type.String({ maxLength: 64, description: 'Quote it when asking for help' }),
  errors: Type.Array(named('ProblemItem', Type.Object({
    pointer: Type.String({ maxLength: 500, description: 'RFC 6901 pointer into the body, or /query/…, /headers/…, /path/…' }),
    code: Type.String({ maxLength: 60, description: 'Finding code, UPPER_SNAKE' }),
    message: Type.String({ maxLength: 1000, description: 'What is wrong and what to do' }),
    message_zh: Type.String({ maxLength: 1000, description: '问题与处理办法' })
  })), { maxItems: 5000, description: 'Every mistake of the request' }),
  allowed: Type.Optional(Type.Array(Type.String({ maxLength: 40 }), { maxItems: 30, description: 'state_conflict: the steps allowed now' })),
  state: Type.Optional(Type.String({ maxLength: 40, description: 'state_conflict: the present state' })),
  version: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: 'stale_version: the present version' }))
}))

/** Webhooks that the hub sends: event type → schema and example. */
export interface WebhookSpec { summary: string, summary_zh: string, description: string, schema: TSchema, example: unknown }

interface Schema { [key: string]: unknown }

/** Every refusal an operation can give, from its declaration. */
export function refusalsOf (spec: OperationSpec): ProblemCode[] {
  const codes = new Set<ProblemCode>(['invalid_request', 'rate_limited', 'overloaded', 'storage_unavailable'])
  if (spec.callers !== 'public') for (const code of ['unauthenticated', 'signature_invalid'] as const) codes.add(code)
  if (spec.signed === true) codes.add('signature_required')
  if (spec.callers !== 'any' && spec.callers !== 'public') codes.add('role_not_allowed')
  if (spec.person === true) codes.add('person_required')
  if (spec.method === 'POST' && spec.idempotent !== false) for (const code of ['idempotency_key_missing', 'idempotency_mismatch'] as const) codes.add(code)
  if (spec.versioned === true) for (const code of ['version_required', 'stale_version'] as const) codes.add(code)
  if (spec.body !== undefined || spec.body_media !== undefined) for (const code of ['payload_too_large', 'unsupported_media_type'] as const) codes.add(code)
  if (spec.params !== undefined) codes.add('not_found')
  for (const code of spec.refuses ?? []) codes.add(code)
  return [...codes].sort((a, b) => problemOf(a).status - problemOf(b).status)
}

function exampleOf (code: ProblemCode): unknown {
  const { status, title } = problemOf(code)
  const { detail } = new Problem(code)
  return { type: `urn:rongqiao:problem:${code}`, title, status, detail: detail ?? title, code, trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', errors: [] }
}

function responsesOf (spec: OperationSpec): Schema {
  const responses: Schema = {}
  for (const [status, reply] of Object.entries(spec.replies)) {
    const headers: Schema = { 'X-Trace-Id': { description: 'Trace id of this request', schema: { type: 'string', maxLength: 64 } } }
    if (spec.method === 'POST' && spec.idempotent !== false) {
      headers['Idempotency-Replayed'] = { description: '`true` when this is the kept answer of an earlier request', schema: { type: 'string', enum: ['true'] } }
    }
    if (spec.tagged === true && Number(status) < 300) headers.ETag = { description: 'Version of what is shown; send it as If-None-Match', schema: { type: 'string', maxLength: 200 } }
    const others = Object.fromEntries((status === '200' ? spec.other_media ?? [] : []).map(media => [media, { schema: { type: 'string', contentMediaType: media } }]))
    if ('media' in reply) {
      const content = reply.media === 'application/json' ? { schema: { type: 'object' }, example: spec.example?.reply } : { schema: { type: 'string', contentMediaType: reply.media } }
      responses[status] = { description: reply.description, headers, content: { [reply.media]: content, ...others } }
    } else if (status === '204') {
      responses[status] = { description: 'Done', headers }
    } else {
      // One example for a thing that is new and for the same one that was there before.
      const example = spec.example?.other_replies?.[Number(status)] ?? (reply === Object.values(spec.replies)[0] ? spec.example?.reply : undefined)
      responses[status] = {
        description: spec.summary, headers,
        content: {
          'application/json': { schema: reply, ...(example === undefined ? {} : { example }) },
          ...others
        }
      }
    }
  }
  if (spec.tagged === true) responses['304'] = { description: 'Not changed since the version that If-None-Match names' }
  const by_status = new Map<number, ProblemCode[]>()
  for (const code of refusalsOf(spec)) by_status.set(problemOf(code).status, [...by_status.get(problemOf(code).status) ?? [], code])
  for (const [status, codes] of by_status) {
    // What the operation declares itself stands: /oauth/token refuses as RFC 6749 wants.
    if (String(status) in spec.replies) continue
    responses[String(status)] = {
      description: codes.map(code => `\`${code}\` ${problemOf(code).title} · ${problemOf(code).title_zh}`).join('; '),
      content: {
        'application/problem+json': {
          schema: ProblemSchema,
          examples: Object.fromEntries(codes.map(code => [code, { summary: problemOf(code).title, value: exampleOf(code) }]))
        }
      }
    }
  }
  return responses
}

function parametersOf (spec: OperationSpec): Schema[] {
  const parameters: Schema[] = []
  const header = (name: string, description: string, schema: Schema, required: boolean) => parameters.push({ in: 'header', name, description, required, schema })
  if (spec.method === 'POST' && spec.idempotent !== false) {
    header('Idempotency-Key', `Same key and same request: the first answer again, for ${answers_kept_days} days; business keys (voucher_no, list digest …) hold for ever`, { type: 'string', minLength: 16, maxLength: 255, pattern: '^[\\x21-\\x7e]+$', examples: ['b3b9a6de-2f0d-4a5e-9a77-0f3f8b1f5d21'] }, true)
  }
  if (spec.tagged === true) header('If-None-Match', 'ETag of an earlier answer: 304 without a body when nothing changed', { type: 'string', minLength: 1, maxLength: 200, examples: ['"1"'] }, false)
  if (spec.versioned === true) header('If-Match', 'Version that is to be changed', { type: 'string', minLength: 1, maxLength: 40, examples: ['"1"'] }, true)
  if (spec.signed === true) {
    header('Signature-Input', 'RFC 9421: covered components with created, nonce and keyid. Needed in production, checked wherever sent', {
      type: 'string', minLength: 1, maxLength: 4096,
      examples: ['hub=("@method" "@target-uri" "content-digest" "idempotency-key");created=1773799200;nonce="5f1c2a9be0d04c7a";keyid="key_01J8Z6V7K3M5N9P4R1S0T2W";alg="sm2-sm3"']
    }, false)
    header('Signature', 'RFC 9421: the signature under the same label', { type: 'string', minLength: 1, maxLength: 4096, examples: [`hub=:${'A'.repeat(86)}==:`] }, false)
    header('Content-Digest', 'RFC 9530: digest of the body as sent, sha-256 or sha-512', {
      type: 'string', minLength: 1, maxLength: 400, examples: ['sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:']
    }, false)
  }
  for (const [place, schema] of [['path', spec.params], ['query', spec.query]] as const) {
    const { properties = {}, required = [] } = (schema ?? {}) as { properties?: Record<string, Schema>, required?: string[] }
    for (const [name, property] of Object.entries(properties)) {
      const { description, examples, ...rest } = property
      const example = spec.example?.query?.[name] ?? (examples as unknown[] | undefined)?.[0]
      parameters.push({
        in: place, name, description, required: place === 'path' || required.includes(name), schema: rest, ...(example === undefined ? {} : { example })
      })
    }
  }
  return parameters
}

function operationObject (spec: OperationSpec): Schema {
  const callers = spec.callers === 'any' ? 'any login' : spec.callers === 'public' ? 'everybody' : spec.callers.join(', ')
  return {
    operationId: spec.id,
    summary: `${spec.summary} · ${spec.summary_zh}`,
    description: `${spec.description}\n\nCallers: ${callers}${spec.person === true ? ' (a person)' : ''}.`,
    tags: [tagOf(spec.path)],
    security: spec.callers === 'public' ? [] : [{ bearer: [] }, { signature: [] }],
    'x-callers': spec.callers,
    ...spec.extensions,
    parameters: parametersOf(spec),
    ...(spec.body === undefined ? {} : {
      requestBody: {
        required: true,
        content: {
          [spec.body_media ?? 'application/json']: { schema: spec.body, ...(spec.example?.request === undefined ? {} : { example: spec.example.request }) },
          ...(spec.body_json === undefined ? {} : { 'application/json': spec.body_json })
        }
      }
    }),
    responses: responsesOf(spec)
  }
}

function tagOf (path: string): string {
  const [, base, room] = path.split('/')
  return base === 'v1' && room !== undefined ? room : 'operation'
}

/** Puts every titled schema once under components and refers to it. Errors: two different schemas with one title. */
function hoist (node: unknown, components: Map<string, string>, schemas: Schema): unknown {
  if (Array.isArray(node)) return node.map(member => hoist(member, components, schemas))
  if (typeof node !== 'object' || node === null) return node
  const { title, ...rest } = node as { title?: unknown } & Schema
  const isSchema = typeof title === 'string' && /^[A-Z]\w+$/.test(title) && ('type' in rest || 'anyOf' in rest || 'allOf' in rest)
  const walked = Object.fromEntries(Object.entries(isSchema ? rest : node as Schema).map(([key, member]) =>
    [key, key === 'example' || key === 'examples' || key === 'enum' ? member : hoist(member, components, schemas)]))
  if (!isSchema) return walked
  const text = JSON.stringify(walked)
  const known = components.get(title)
  if (known !== undefined && known !== text) throw new Error(`two different schemas are called ${title}`)
  components.set(title, text)
  schemas[title] = walked
  return { $ref: `#/components/schemas/${title}` }
}

export interface ContractInfo { server_url: string, webhooks: Record<string, WebhookSpec> }

export async function registerOpenapi (app: FastifyInstance, info: ContractInfo): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: '融桥 Rongqiao · 产融合作数据交换 API',
        version: '1.0.0',
        description: 'Data-exchange hub of 园区技改担 and 技改专项贷: authorizations, leads under the "3个1" clock, loan evidence, 免申即享 subsidies.',
        contact: { name: 'Platform operator', url: 'https://rongqiao.example/contact' },
        license: { name: 'MIT', identifier: 'MIT' }
      },
      servers: [{ url: info.server_url }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'Access token of /oauth/token; in the sandbox also an api_key' },
          signature: {
            type: 'apiKey', in: 'header', name: 'Signature-Input',
            description: 'HTTP message signature (RFC 9421) with a registered key; keyid is its key_no. Algorithms ed25519, ecdsa-p256-sha256, rsa-pss-sha512, ' +
              'and the private name sm2-sm3 (SM2 over SM3, r and s, 64 bytes). Sign @method, @target-uri, content-digest (with a body) and idempotency-key (where sent), ' +
              'with created (± 300 s) and a nonce that is never used twice. Instead of a bearer it says who calls; beside one it has to be of the same participant. ' +
              'Decisions about money have to be signed in production; a signature that is sent has to be right everywhere (401 signature_invalid).'
          }
        }
      }
    },
    transformObject: document => contractOf(app.operations, (document as { openapiObject: Schema }).openapiObject, info) as never
  })
}

/** The contract for reading. The contract itself is at /openapi.json only, made once: other forms would be made anew for everybody who asks. */
export async function registerDocs (app: FastifyInstance): Promise<void> {
  await app.register(swaggerUi, {
    routePrefix: '/docs', staticCSP: true,
    uiHooks: {
      onRequest (request, reply, done) {
        if (request.routeOptions.url === '/docs/json' || request.routeOptions.url === '/docs/yaml') reply.redirect('/openapi.json')
        else done()
      }
    }
  })
}

/** The whole document, built from the declared operations on the frame that @fastify/swagger gives. */
function contractOf (operations: ReadonlyMap<string, OperationSpec>, frame: Schema, info: ContractInfo): Schema {
  const components = new Map<string, string>()
  const schemas: Schema = {}
  const paths: Record<string, Schema> = {}
  const tags = new Set<string>()
  for (const spec of operations.values()) {
    tags.add(tagOf(spec.path))
    paths[spec.path] = { ...paths[spec.path], [spec.method.toLowerCase()]: hoist(operationObject(spec), components, schemas) }
  }
  const webhooks = Object.fromEntries(Object.entries(info.webhooks).map(([type, hook]) => [type, {
    post: {
      operationId: `webhook_${type.replaceAll(/\W/g, '_')}`,
      summary: `${hook.summary} · ${hook.summary_zh}`,
      description: hook.description,
      tags: ['webhooks'],
      security: [],
      requestBody: { required: true, content: { 'application/json': { schema: hoist(hook.schema, components, schemas), example: hook.example } } },
      responses: { 200: { description: 'Received' }, 410: { description: 'No longer wanted: the endpoint is disabled' } }
    }
  }]))
  if (Object.keys(webhooks).length > 0) tags.add('webhooks')
  return {
    ...frame,
    tags: [...tags].sort().map(name => ({ name, description: `Operations of ${name}` })),
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => a < b ? -1 : 1)),
    webhooks,
    components: { ...frame.components as Schema, schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => a < b ? -1 : 1)) }
  }
}
