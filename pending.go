package superp2p

const (
	NetStreamPublishStart     = "NetStream.Publish.Start"
	NetStreamPublishBadName   = "NetStream.Publish.BadName"
	NetStreamPublishIdle      = "NetStream.Publish.Idle"
	NetStreamUnpublishSuccess = "NetStream.Unpublish.Success"
	levelStatus               = "status"
	levelError                = "error"
)
