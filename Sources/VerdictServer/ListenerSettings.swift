public import VerdictGateway
public import VerdictSystem

/// One place where a server listens, and what is served there to whom.
public struct ListenerSettings: Sendable {
  /// Port 0 lets the kernel choose; `Server.addresses` tells what it chose.
  public var address: SocketAddress
  /// A socket that listens there already, opened for us.
  public var passed: ListeningSocket?
  /// Whether the inspection service, which tells who may do what, is served; UNIMPLEMENTED if not.
  public var servesInspection = false
  /// Whether it tells about its API; nil: where only this machine can connect.
  public var servesReflection: Bool?
  /// TLS for a TCP listener; nil: plaintext.
  public var tls: TLSFiles?
  /// Whether plaintext may be spoken on an address that other machines reach.
  public var allowsPlaintext = false
  /// Mode bits of a Unix socket's name.
  public var socketMode: UInt32 = 0o600
  /// To whom a Unix socket's name belongs; whoever runs the server if nil.
  public var socketOwner: SocketOwner?
  /// Who may call what; nil: whoever can connect.
  public var callers: CallerRules?
  /// Where the requests of gateways that ask there say who is calling.
  public var identity = IdentitySources.ofServer

  public init(_ address: SocketAddress) { self.address = address }
}

/// Why a server does not start, in one line for its operator.
public struct ServerError: Error, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
  init(_ error: SystemError) { description = error.description }
}
