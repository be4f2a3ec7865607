internal import VerdictModel
internal import VerdictSystem

extension CheckSource {
  static func server(_ address: SocketAddress) throws(CommandFailure) -> CheckSource {
    throw CommandFailure("\(address)")
  }
}
