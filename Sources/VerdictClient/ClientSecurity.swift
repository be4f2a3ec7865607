internal import VerdictSystem
internal import VerdictTLS

/// TLS, as a client wants it: whom it believes, and what it shows. TLS 1.2 or 1.3, and only
/// HTTP/2.
public struct ClientSecurity: Sendable, Equatable {
  /// A PEM file with the authorities that are believed; nil: those that the system believes.
  public var authoritiesPath: String?
  /// A PEM file with the client's own certificate and those that lead to its authority, for a
  /// server that asks for one.
  public var certificatePath: String?
  /// A PEM file with its key, without a passphrase.
  public var keyPath: String?
  /// The name that the server's certificate must be for; nil: the host of the address.
  public var serverName: String?

  public init(
    authoritiesPath: String? = nil, certificatePath: String? = nil, keyPath: String? = nil,
    serverName: String? = nil
  ) {
    self.authoritiesPath = authoritiesPath
    self.certificatePath = certificatePath
    self.keyPath = keyPath
    self.serverName = serverName
  }

  /// Reads the files.
  /// - Throws: what is wrong with which.
  func context() throws(ClientError) -> TLSContext {
    let material = TLSMaterial(
      certificate: try read(certificatePath), key: try read(keyPath),
      authorities: try read(authoritiesPath))
    do throws(TLSError) {
      return try TLSContext(client: material)
    } catch {
      throw .security(error.description)
    }
  }

  private func read(_ path: String?) throws(ClientError) -> PEMFile? {
    guard let path else { return nil }
    do throws(SystemError) {
      return PEMFile(path: path, bytes: try File.read(path, byteCountMax: PEMFile.byteCountMax))
    } catch {
      throw .security(error.description)
    }
  }
}
