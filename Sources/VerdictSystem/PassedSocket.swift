internal import Glibc

/// A listening socket that whoever started the process has opened for it: the protocol of
/// `sd_listen_fds(3)`. Connections that came before the process was up wait in it.
///
/// | Variable | Says |
/// |---|---|
/// | `LISTEN_PID` | whom the sockets are for; another process's number: not for us |
/// | `LISTEN_FDS` | how many there are, from descriptor 3 on |
/// | `LISTEN_FDNAMES` | their names with colons between; may be missing |
public struct PassedSocket: Sendable {
  /// What the supervisor calls it; `unknown` where it says nothing.
  public let name: String
  public let socket: ListeningSocket

  /// The sockets that were passed to this process, in order. To be called once.
  /// - Throws: for a count that is none or a descriptor that is no listening stream socket.
  public static func taken() throws(SystemError) -> [PassedSocket] {
    guard let text = ProcessEnvironment.text("LISTEN_FDS"),
      ProcessEnvironment.text("LISTEN_PID").flatMap(Int32.init) == ProcessEnvironment.processID
    else { return [] }
    guard let count = Int32(text), count >= 0, count <= countMax else {
      throw SystemError("LISTEN_FDS", text, number: EINVAL)
    }
    let names = (ProcessEnvironment.text("LISTEN_FDNAMES") ?? "").split(
      separator: ":", omittingEmptySubsequences: false)
    var sockets: [PassedSocket] = []
    for index in 0..<count {
      let name = index < names.count && !names[Int(index)].isEmpty ? names[Int(index)] : "unknown"
      sockets.append(
        PassedSocket(
          name: String(name), socket: try ListeningSocket(passed: firstNumber + index)))
    }
    return sockets
  }

  private static let firstNumber: Int32 = 3
  /// More are refused: no process of ours could poll them all in one go.
  private static let countMax: Int32 = 64
}
