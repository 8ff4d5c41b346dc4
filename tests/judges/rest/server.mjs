/**
 * Serves the records of a JSON file as REST collections, on two free ports of 127.0.0.1: `url` and `newer_url`.
 *
 * json-server does the work, in two generations that page differently. The one of 2023 tells the next page in the header
 * Link and the total in X-Total-Count, and takes offsets; the newer one tells pages, total and next page in the answer,
 * and gives its last page again to whoever asks behind it.
 */

import { options, ready } from '../lifeline.mjs'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import older from 'json-server'

const records = JSON.parse(await readFile((await options).records, 'utf8'))

const express = older.create()
express.use(older.router(records))

// the newer one has no exports: its modules are those that its own command imports
const { createApp } = await import(new URL('node_modules/json-server-next/lib/app.js', import.meta.url))
const { Low, Memory } = await import(new URL('node_modules/json-server-next/node_modules/lowdb/lib/index.js', import.meta.url))
const database = new Low(new Memory(), records)
const tinyhttp = createApp(database)

async function listening(handler) {
  const server = http.createServer(handler)
  await new Promise(done => server.listen(0, '127.0.0.1', done))
  return `http://127.0.0.1:${server.address().port}`
}

ready({ url: await listening(express), newer_url: await listening(tinyhttp.handler.bind(tinyhttp)) })
