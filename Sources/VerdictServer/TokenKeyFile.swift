internal import Synchronization
public import VerdictJWT
internal import VerdictSystem

/// Follows the file with the keys of JWTs, on a thread of its own.
///
/// It looks each second whether the file is another one. One that is no good changes nothing: the
/// keys before stay in force.
public final class TokenKeyFile: Sendable {
  public enum Incident: Sendable {
    case loaded(keyCount: Int)
    case refused(String)
  }

  private static let pollMilliseconds: Int32 = 1_000

  public let store: TokenKeyStore
  private let path: String
  private let bell: EventSignal
  private let wish = Mutex(Wish())
  private let thread = Mutex<Thread?>(nil)

  private struct Wish {
    var isStopping = false
    /// Read the file even if it looks the same.
    var reloads = false
  }

  /// Reads the file.
  ///
  /// - Throws: why it can't be read, or what is wrong with its keys.
  public init(_ path: String) throws(ServerError) {
    self.path = path
    do throws(KeySetError) {
      store = try TokenKeyStore(keySet: try TokenKeyFile.read(path))
    } catch {
      throw ServerError("`\(path)`: \(error.description)")
    }
    do throws(SystemError) {
      bell = try EventSignal()
    } catch {
      throw ServerError(error)
    }
  }

  private static func read(_ path: String) throws(KeySetError) -> [UInt8] {
    do throws(SystemError) {
      return try File.read(path, byteCountMax: SignatureKeys.byteCountMax)
    } catch {
      throw KeySetError(error.description)
    }
  }

  /// Follows the file from now on, until `stop`.
  ///
  /// - Parameter report: told of each change, on a thread that is no loop.
  public func follow(_ report: @escaping @Sendable (Incident) -> Void) throws(ServerError) {
    do throws(SystemError) {
      let started = try Thread(name: "verdict-keys") { self.run(report) }
      thread.withLock { $0 = started }
    } catch {
      throw ServerError(error)
    }
  }

  /// Reads the file again, soon, whether or not it looks changed.
  public func reload() {
    wish.withLock { $0.reloads = true }
    bell.ring()
  }

  public func stop() {
    wish.withLock { $0.isStopping = true }
    bell.ring()
    let running = thread.withLock {
      let running = $0
      $0 = nil
      return running
    }
    running?.join()
  }

  private func run(_ report: @Sendable (Incident) -> Void) {
    // Nothing, so that what has changed since the start is noticed.
    var seen: FileStatus?
    while true {
      _ = Readiness.wait(
        readable: [bell.rawDescriptor], timeoutMilliseconds: TokenKeyFile.pollMilliseconds)
      bell.clear()
      let wanted = wish.withLock {
        let wanted = $0
        $0.reloads = false
        return wanted
      }
      if wanted.isStopping { return }
      let now = FileStatus(of: path)
      if now == seen && !wanted.reloads { continue }
      seen = now
      do throws(KeySetError) {
        if let keyCount = try store.replace(try TokenKeyFile.read(path)) {
          report(.loaded(keyCount: keyCount))
        }
      } catch {
        report(.refused("`\(path)`: \(error.description)"))
      }
    }
  }
}
