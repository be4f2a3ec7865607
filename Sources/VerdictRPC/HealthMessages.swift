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

/// What a `HealthCheckResponse` says.
public enum HealthStatus: UInt8, Sendable {
  case serving = 1
  case notServing = 2
  /// Of a name that nobody serves; told to those who watch alone.
  case serviceUnknown = 3
}
