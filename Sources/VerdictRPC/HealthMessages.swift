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

/// Whether bytes can be read as a request that says nothing.
public enum EmptyRequest {
  case serverInfo
  case watchSnapshots
  case healthList

  /// Unpacks it, in the arena.
  public func isReadable(_ bytes: ByteView, in arena: borrowing MessageArena) -> Bool {
    // SAFETY: the bytes live through the call; what is made of them lies in the arena.
    switch self {
    case .serverInfo:
      unsafe verdict__v1__get_server_info_request__unpack(
        arena.allocator, bytes.count, bytes.cBytes) != nil
    case .watchSnapshots:
      unsafe verdict__v1__watch_snapshots_request__unpack(
        arena.allocator, bytes.count, bytes.cBytes) != nil
    case .healthList:
      unsafe grpc__health__v1__health_list_request__unpack(
        arena.allocator, bytes.count, bytes.cBytes) != nil
    }
  }
}

/// What a `HealthCheckResponse` says.
public enum HealthStatus: UInt8, Sendable {
  case serving = 1
  case notServing = 2
  /// Of a name that nobody serves; told to those who watch alone.
  case serviceUnknown = 3
}
