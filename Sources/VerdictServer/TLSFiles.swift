internal import VerdictSystem
internal import VerdictTLS

/// The files behind a listener's TLS.
public struct TLSFiles: Sendable, Equatable {
  /// The certificate, then those that lead to its authority, in PEM form.
  public var certificatePath: String
  /// Its key, in PEM form without a passphrase.
  public var keyPath: String
  /// The authorities whose clients are let in; nil: clients aren't asked for a certificate.
  public var clientAuthoritiesPath: String?
  /// Whether a client may come without a certificate, and is anonymous then.
  public var requiresClientCertificate = true

  public init(certificatePath: String, keyPath: String, clientAuthoritiesPath: String? = nil) {
    self.certificatePath = certificatePath
    self.keyPath = keyPath
    self.clientAuthoritiesPath = clientAuthoritiesPath
  }

  var paths: [String] {
    [certificatePath, keyPath] + (clientAuthoritiesPath.map { [$0] } ?? [])
  }

  /// Reads the files and makes a context for each loop.
  /// - Throws: what is wrong with which file.
  func contexts(count: Int) throws(ServerError) -> [TLSContext] {
    var material = TLSMaterial(
      certificate: try TLSFiles.read(certificatePath), key: try TLSFiles.read(keyPath))
    if let path = clientAuthoritiesPath { material.authorities = try TLSFiles.read(path) }
    material.requiresClientCertificate = requiresClientCertificate
    do throws(TLSError) {
      var contexts: [TLSContext] = []
      for _ in 0..<count { contexts.append(try TLSContext(server: material)) }
      return contexts
    } catch {
      throw ServerError(error.description)
    }
  }

  private static func read(_ path: String) throws(ServerError) -> PEMFile {
    do throws(SystemError) {
      return PEMFile(path: path, bytes: try File.read(path, byteCountMax: PEMFile.byteCountMax))
    } catch {
      throw ServerError(error)
    }
  }
}
