/**
 * Ties a judge to the test run that started it: it ends when they end, whatever ends them.
 *
 * Standard input is a pipe. Its first line holds the options of the server, as JSON; its end means that nobody is left
 * who needs the server. Standard output holds one line, what `ready` is given, so everything else that a library
 * prints goes to standard error. To be imported before anything else.
 */

for (const name of ['log', 'info', 'debug']) console[name] = console.error

const lines = { text: '' }

export const options = new Promise(resolve => {
  process.stdin.setEncoding('utf8')
  process.stdin.on('data', part => {
    lines.text += part
    const end = lines.text.indexOf('\n')
    if (end >= 0) resolve(() => JSON.parse(lines.text.slice(0, end)))
  })
  process.stdin.on('end', () => process.exit(0))
}).then(read => read())

/** Tell that the server answers now; `facts` must hold its `url`. */
export function ready(facts) {
  process.stdout.write(JSON.stringify(facts) + '\n')
}
