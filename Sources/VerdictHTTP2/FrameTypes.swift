internal import CNghttp2

// The enumerations of C in the types of the fields that they are compared with.
// Computed, because a stored global would be looked after with `swift_once`.
var frameData: UInt8 { UInt8(truncatingIfNeeded: NGHTTP2_DATA.rawValue) }
var frameHeaders: UInt8 { UInt8(truncatingIfNeeded: NGHTTP2_HEADERS.rawValue) }
var framePriority: UInt8 { UInt8(truncatingIfNeeded: NGHTTP2_PRIORITY.rawValue) }
var frameReset: UInt8 { UInt8(truncatingIfNeeded: NGHTTP2_RST_STREAM.rawValue) }
var frameSettings: UInt8 { UInt8(truncatingIfNeeded: NGHTTP2_SETTINGS.rawValue) }
var framePing: UInt8 { UInt8(truncatingIfNeeded: NGHTTP2_PING.rawValue) }
var frameGoAway: UInt8 { UInt8(truncatingIfNeeded: NGHTTP2_GOAWAY.rawValue) }
var frameWindowUpdate: UInt8 { UInt8(truncatingIfNeeded: NGHTTP2_WINDOW_UPDATE.rawValue) }
var frameContinuation: UInt8 { UInt8(truncatingIfNeeded: NGHTTP2_CONTINUATION.rawValue) }
var flagEndStream: UInt8 { UInt8(truncatingIfNeeded: NGHTTP2_FLAG_END_STREAM.rawValue) }
var flagEndHeaders: UInt8 { UInt8(truncatingIfNeeded: NGHTTP2_FLAG_END_HEADERS.rawValue) }
var flagAcknowledgement: UInt8 { UInt8(truncatingIfNeeded: NGHTTP2_FLAG_ACK.rawValue) }
