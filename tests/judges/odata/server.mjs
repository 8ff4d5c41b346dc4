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
const exact = Object.fromEntries(Object.entries(records).map(([name, rows]) => [name, new Map(rows.map(row => [mark(name, row), row]))]))
for (const service of [cds.services.Trade, cds.services.Pieces])
  for (const entity of Object.values(service.entities))
    service.after('READ', entity, found => { for (const row of [found].flat()) if (row instanceof Object) restore(entity, row) })

if (!server.listening) await new Promise(listening => server.once('listening', listening))
server.url = `http://127.0.0.1:${server.address().port}`
await cds.emit('listening', { server, url: server.url })
ready({ url: server.url })

function mark(name, row) {
  return JSON.stringify(Object.keys(cds.model.definitions[`stock.${name}`].keys).map(key => row[key]))
}

function restore(entity, row) {
  const name = entity.name.split('.')[1]
  const source = exact[name].get(mark(name, row))
  for (const { name, type, _target } of Object.values(entity.elements)) {
    if (row[name] == null) continue
    if (type === 'cds.Decimal' && source) row[name] = source[name]
    if (_target) for (const each of [row[name]].flat()) restore(_target, each)
  }
}
