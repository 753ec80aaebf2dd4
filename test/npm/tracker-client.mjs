// A peer of the npm bittorrent-tracker client: node tracker-client.mjs TRACKER INFO_HASH PEER_ID (both in hex). It
// announces itself, opens a data channel to every peer that it is brought together with, says "hello from PEER_ID" and
// prints what it hears, one JSON object a line. Ends when its standard input does.
import Client from 'bittorrent-tracker/client'

const [url, infoHash, peerId] = process.argv.slice(2)
const print = object => console.log(JSON.stringify(object))

// Without STUN servers: the peers are on this machine, and the default ones are not.
const rtcConfig = { iceServers: [] }
const client = new Client({ infoHash, peerId, announce: [url], port: 6881, rtcConfig })
client.on('error', err => print({ error: err.message }))
client.on('warning', err => print({ warning: err.message }))
client.on('update', ({ complete, incomplete, interval }) => print({ complete, incomplete, interval }))
client.on('scrape', ({ complete, incomplete, infoHash }) => print({ scrape: infoHash, complete, incomplete }))
client.on('peer', peer => {
  peer.on('error', err => print({ peer: peer.id, peerError: err.message }))
  peer.on('connect', () => peer.send(`hello from ${peerId}`))
  peer.on('data', data => {
    print({ peer: peer.id, heard: new TextDecoder().decode(data) })
    client.scrape()
  })
})
client.start({ left: 1, uploaded: 0, downloaded: 0 })
process.stdin.on('end', () => {
  client.stop()
  client.destroy(() => process.exit(0))
}).resume()
