// Package diskcache keeps slices in plain files, for who sees a file again or goes back in it farther than memory
// reaches. A slice is kept with its proof (slice.AppendFrame), so that what comes from the disk is checked like what comes
// from a peer: whoever writes into the directory can make nobody play anything else.
//
// A Cache may be used concurrently. Each slice is a file of its own, named track/number.
package diskcache
