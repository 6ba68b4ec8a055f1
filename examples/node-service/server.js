// A small HTTP service with a dependency that is a program of its own for each architecture.
import { createServer } from 'node:http'
import { crc32 } from '@node-rs/crc32'
import ms from 'ms'

const answers = {
  '/arch': () => process.arch,
  '/checksum': () => crc32('hello').toString(16),
  '/uptime': () => ms(Math.round(process.uptime() * 1000)),
}

const server = createServer((request, response) => {
  const answer = answers[request.url]
  response.statusCode = answer ? 200 : 404
  response.end(`${answer ? answer() : 'not found'}\n`)
})
server.listen(Number(process.env.PORT))
process.on('SIGTERM', () => server.close(() => process.exit(0)))
