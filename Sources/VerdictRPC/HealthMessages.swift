internal import CProtobufC
internal import CVerdictProto
public import VerdictModel

/// A `HealthCheckRequest` as it lies in the arena; valid until the arena is reset.
@safe
public struct HealthCheckRequest {
  private let message: UnsafeMutablePointer<Grpc__Health__V1__HealthCheckRequest>

  /// Unpacks a request, or answers nil: unreadable, or too large for the arena.
  public init?(_ bytes: ByteView, in arena: borrowing MessageArena) {
    guard
      let message = unsafe grpc__health__v1__health_check_request__unpack(
        arena.allocator, bytes.count, bytes.cBytes)
    else { return nil }
    unsafe self.message = message
  }

  /// Empty: the whole server.
  public var service: ByteView {
    // SAFETY: an unpacked message, alive as long as the arena.
    unsafe ByteView(message.pointee.service)
  }
}

/// A `HealthCheckResponse`.
public enum HealthStatus: UInt8, Sendable {
  case serving = 1
  case notServing = 2

  /// Packs the message into memory that `reserve` hands out for so many bytes.
  public func pack(_ reserve: (Int) -> UnsafeMutableRawPointer) {
    var message = unsafe Grpc__Health__V1__HealthCheckResponse()
    unsafe grpc__health__v1__health_check_response__init(&message)
    unsafe message.status =
      self == .serving
      ? GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
      : GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING
    // SAFETY: packing writes as many bytes as it said it would.
    let room = unsafe reserve(
      grpc__health__v1__health_check_response__get_packed_size(&message))
    unsafe _ = grpc__health__v1__health_check_response__pack(
      &message, room.assumingMemoryBound(to: UInt8.self))
  }
}
