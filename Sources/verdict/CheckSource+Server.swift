internal import VerdictClient
internal import VerdictSystem

extension CheckSource {
  /// Asks a running server.
  static func server(
    _ address: SocketAddress, _ security: ClientSecurity? = nil
  ) throws(CommandFailure) -> CheckSource {
    do throws(ClientError) {
      let client = try DecisionClient(address: address.description, security: security)
      return CheckSource { checks throws(CommandFailure) in
        do throws(ClientError) {
          return try client.authorize(checks)
        } catch {
          throw failure(error, address)
        }
      }
    } catch {
      throw failure(error, address)
    }
  }

  static func failure(_ error: ClientError, _ address: SocketAddress) -> CommandFailure {
    // A status comes from the server and doesn't say from which; the other errors do.
    if case .status = error { return CommandFailure("`\(address)`: \(error)") }
    return CommandFailure(error.description)
  }
}
