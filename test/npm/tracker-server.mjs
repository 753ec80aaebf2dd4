// The npm bittorrent-tracker server with its defaults, WebSocket only, on a free port of loopback. Prints the port;
// ends when its standard input does.
import Server from 'bittorrent-tracker/server'

const server = new Server({ udp: false, http: false, ws: true, stats: false })
server.on('warning', () => {})
server.on('error', err => { console.error(err); process.exit(1) })
server.listen(0, '127.0.0.1', () => console.log(server.ws.address().port))
process.stdin.on('end', () => process.exit(0)).resume()
