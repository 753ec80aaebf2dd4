importScripts("../sdk/superp2p-sw.js");
