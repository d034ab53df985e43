/** POST /oauth/token: client_credentials. Answers as RFC 6749 §5 wants them, not as problems. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { Db } from '../../db/db.ts'
import type { IssuedToken } from '../../http/tokens.ts'
import { named } from '../../http/schema.ts'
import { operation, type Answer } from '../../http/operation.ts'
import { token_path, type TokenService } from './tokens.ts'

const form_bytes_max = 32_768
const assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const no_store = { 'cache-control': 'no-store', pragma: 'no-cache' }

const Form = named('TokenRequest', Type.Object({
  grant_type: Type.Literal('client_credentials', { description: 'Always client_credentials' }),
  client_id: Type.Optional(Type.String({ maxLength: 128, description: 'Client; a person in the sandbox: its user_no', examples: ['client-bank-1'] })),
  client_secret: Type.Optional(Type.String({ maxLength: 200, description: 'Secret of the client, in the sandbox only; for a person its api_key' })),
  client_assertion_type: Type.Optional(Type.Literal(assertion_type, { description: 'With client_assertion' })),
  client_assertion: Type.Optional(Type.String({ maxLength: 8192, description: 'JWT signed by a registered key: iss = sub = client_id, aud = this address, jti, exp within five minutes, kid = key_no' }))
}))
const Token = named('AccessToken', Type.Object({
  access_token: Type.String({ maxLength: 8192, description: 'Bearer token (RFC 9068)' }),
  token_type: Type.Literal('Bearer', { description: 'Always Bearer' }),
  expires_in: Type.Integer({ minimum: 1, maximum: 900, description: 'Seconds until it ends' })
}))
const OauthError = named('OauthError', Type.Object({
  error: Type.String({ maxLength: 40, description: 'Code of RFC 6749 §5.2' }),
  error_description: Type.String({ maxLength: 300, description: 'What is wrong' })
}))

function refused (error: string, error_description: string, by_basic = false): Answer {
  const is_client = error === 'invalid_client'
  return {
    status: is_client ? 401 : 400,
    body: { error, error_description },
    headers: { ...no_store, ...(is_client ? { 'www-authenticate': by_basic ? 'Basic realm="rongqiao"' : 'Bearer' } : {}) }
  }
}

/** Fields of the form; null when one stands twice (RFC 6749 §3.2). */
function fieldsOf (text: string): Map<string, string> | null {
  const fields = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(text)) {
    if (fields.has(name)) return null
    // A parameter without a value counts as left out.
    if (value !== '') fields.set(name, value)
  }
  return fields
}

/** Client and secret of the Authorization header, each form-encoded (RFC 6749 §2.3.1). */
function basicOf (header: string | undefined): { client_id: string, secret: string } | null {
  const match = /^Basic ([A-Za-z0-9+/=]{1,1000})$/i.exec(header ?? '')
  const text = Buffer.from(match?.[1] ?? '', 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 0) return null
  try {
    const decoded = (part: string): string => decodeURIComponent(part.replaceAll('+', ' '))
    return { client_id: decoded(text.slice(0, colon)), secret: decoded(text.slice(colon + 1)) }
  } catch {
    return null
  }
}

async function tokenFor (service: TokenService, request: FastifyRequest): Promise<Answer> {
  const fields = fieldsOf(request.body as string)
  if (fields === null) return refused('invalid_request', 'a parameter stands twice')
  const header = request.headers.authorization
  const basic = basicOf(header)
  if (header !== undefined && basic === null) return refused('invalid_client', 'the Authorization header cannot be read', true)
  const assertion = fields.get('client_assertion')
  const posted = fields.get('client_secret')
  if ([basic ?? undefined, assertion, posted].filter(each => each !== undefined).length > 1) return refused('invalid_request', 'more than one way of proving the client')
  const grant_type = fields.get('grant_type')
  if (grant_type === undefined) return refused('invalid_request', 'grant_type is missing')
  if (grant_type !== 'client_credentials') return refused('unsupported_grant_type', 'only client_credentials')
  const client_id = fields.get('client_id') ?? null
  let token: IssuedToken | null = null
  if (assertion !== undefined) {
    if (fields.get('client_assertion_type') !== assertion_type) return refused('invalid_request', 'client_assertion_type is missing or unknown')
    token = await service.byAssertion(assertion, client_id, `${request.protocol}://${request.host}`)
  } else if (basic !== null) {
    if (client_id !== null && client_id !== basic.client_id) return refused('invalid_request', 'client_id differs from the Authorization header')
    token = await service.bySecret(basic.client_id, basic.secret)
  } else if (posted !== undefined && client_id !== null) {
    token = await service.bySecret(client_id, posted)
  }
  if (token === null) return refused('invalid_client', 'the client is not known or has not proved itself', basic !== null)
  const { access_token, token_type, expires_in } = token
  return { status: 200, body: { access_token, token_type, expires_in }, headers: no_store }
}

/** As RFC 6749 §5.2 has them. */
const oauth_refusals = {
  400: { error: 'unsupported_grant_type', error_description: 'only client_credentials' },
  401: { error: 'invalid_client', error_description: 'the client is not known or has not proved itself' }
}

export function oauthRoutes (app: FastifyInstance, { db }: { db: Db }, service: TokenService): void {
  void app.register(async scope => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string', bodyLimit: form_bytes_max }, (_request, body, done) => done(null, body))
    operation(scope, { db }, {
      id: 'getToken',
      method: 'POST',
      path: token_path,
      idempotent: false,
      summary: 'Get an access token',
      summary_zh: '获取访问令牌',
      description: 'client_credentials. In production the client proves itself by private_key_jwt (RFC 7523) with a registered key; in the sandbox also by its secret. ' +
        'A client made for a person gives a token of that person. Tokens live ten minutes; suspension and retired keys end them within a second. Errors are those of RFC 6749 §5.2. JR/T 0185-2020.',
      callers: 'public',
      body: Form,
      body_media: 'application/x-www-form-urlencoded',
      replies: { 200: Token, 400: OauthError, 401: OauthError },
      example: { request: { grant_type: 'client_credentials', client_id: 'client-bank-1', client_secret: 'shown-once' }, reply: { access_token: 'eyJhbGciOiJFZERTQSJ9.e30.c2ln', token_type: 'Bearer', expires_in: 600 }, other_replies: oauth_refusals }
    }, async ({ request }) => typeof request.body === 'string' ? tokenFor(service, request) : refused('invalid_request', 'a form is needed'))
  })
}
