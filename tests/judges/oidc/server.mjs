/**
 * Gives tokens over HTTPS, on a free port of 127.0.0.1: one issuer at the root, one below /tenant/v2.0.
 *
 * node-oidc-provider does the work. The options hold certificate, key and clients. Beside the provider's endpoints there
 * are two for the tests:
 *   GET  /judge/seen              the token requests so far: issuer, client, method, outcome
 *   POST /judge/clock?seconds=N   moves the clock, so that tokens expire and nobody waits
 */

import { options, ready } from '../lifeline.mjs'
import https from 'node:https'
import { errors, Provider } from 'oidc-provider'

const TENANT = '/tenant/v2.0'
const RESOURCE = 'https://api.example.com'
const LIFETIME_S = { short: 60 }

const realNow = Date.now
let aheadMs = 0
Date.now = () => realNow() + aheadMs

const seen = []

function issuer(url, clients) {
  const provider = new Provider(url, {
    clients,
    scopes: ['api.read', 'api.write', `${RESOURCE}/.default`],
    responseTypes: [],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => {
          if (resource !== RESOURCE) throw new errors.InvalidTarget()
          return { scope: 'api.read api.write', accessTokenFormat: 'jwt', accessTokenTTL: 600 }
        },
      },
    },
    ttl: { ClientCredentials: (_ctx, _token, client) => LIFETIME_S[client.clientId] ?? 600 },
  })
  const note = (outcome) => (ctx) => {
    if (!ctx.path.endsWith('/token')) return
    seen.push({ issuer: url, client: ctx.oidc.client?.clientId, method: method(ctx), outcome })
  }
  provider.on('grant.success', note('token'))
  provider.on('grant.error', (ctx, error) => note(error.error)(ctx))
  return provider.callback()
}

/** How the request proved who asks, whatever the client is registered for. */
function method(ctx) {
  if (ctx.headers.authorization?.startsWith('Basic ')) return 'client_secret_basic'
  const { client_assertion: assertion, client_secret: secret } = ctx.oidc.body ?? {}
  if (assertion) return 'private_key_jwt'
  return secret ? 'client_secret_post' : 'none'
}

function judge(request, response) {
  const url = new URL(request.url, 'https://judge')
  if (url.pathname === '/judge/clock') aheadMs += 1000 * Number(url.searchParams.get('seconds'))
  response.setHeader('Content-Type', 'application/json')
  response.end(JSON.stringify(seen))
}

const { cert, key, clients } = await options
const server = https.createServer({ cert, key })
server.listen(0, '127.0.0.1', () => {
  const base = `https://127.0.0.1:${server.address().port}`
  const atRoot = issuer(base, clients)
  const below = issuer(base + TENANT, clients)
  server.on('request', (request, response) => {
    if (request.url.startsWith('/judge/')) return judge(request, response)
    if (!request.url.startsWith(`${TENANT}/`)) return atRoot(request, response)
    request.originalUrl = request.url
    request.url = request.url.slice(TENANT.length)
    return below(request, response)
  })
  ready({ url: base, tenant: base + TENANT })
})
