/**
 * Serves the records of a JSON file over OData V4 and V2, on a free port of 127.0.0.1.
 *
 * SAP CAP does the work: its compiler, its SQL, its V4 protocol, and the community's adapter that speaks V2 in front of
 * it. The file holds a list of records for each entity set; numbers beyond a double are text there.
 */

import { options, ready } from '../lifeline.mjs'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import cds from '@sap/cds'
import express from 'express'

cds.root = import.meta.dirname
const records = JSON.parse(await readFile((await options).records, 'utf8'))
await cds.plugins

const app = express()
app.listen = port => http.createServer(app).listen(port, '127.0.0.1')
const server = await cds.server({ app, from: 'trade.cds', service: 'all', port: 0, in_memory: true })
for (const [name, rows] of Object.entries(records)) await cds.run(cds.ql.INSERT.into(`stock.${name}`).entries(rows))

// SQLite computes with doubles: it finds and sorts by them, and the digits that they lose are put back here
const trade = cds.services.Trade
for (const [name, rows] of Object.entries(records)) restore(trade.entities[name], rows)

if (!server.listening) await new Promise(listening => server.once('listening', listening))
server.url = `http://127.0.0.1:${server.address().port}`
await cds.emit('listening', { server, url: server.url })
ready({ url: server.url })

function restore(entity, rows) {
  const keys = Object.keys(entity.keys)
  const mark = row => JSON.stringify(keys.map(key => row[key]))
  const decimals = Object.values(entity.elements).filter(each => each.type === 'cds.Decimal').map(each => each.name)
  entity.exact = new Map(rows.map(row => [mark(row), row]))
  entity.restore = row => {
    const exact = entity.exact.get(mark(row))
    for (const name of exact ? decimals : []) if (row[name] != null) row[name] = exact[name]
    for (const [name, value] of Object.entries(row)) {
      const target = entity.elements[name]?._target
      if (target && value) for (const each of [value].flat()) target.restore?.(each)
    }
  }
  trade.after('READ', entity, found => { for (const row of [found].flat()) if (row instanceof Object) entity.restore(row) })
}
