/// The bytes of a PEM file, and where they come from for messages.
public struct PEMFile: Sendable, Equatable {
  public let path: String
  public let bytes: [UInt8]

  public init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }

  /// Certificates and keys are far smaller; a bundle of all public authorities has 200 KB.
  public static let byteCountMax = 4 << 20
}

/// What one side of a connection shows and whom it believes.
public struct TLSMaterial: Sendable, Equatable {
  /// The own certificate, then those that lead to its authority. A client may have none.
  public var certificate: PEMFile?
  /// The own key, not encrypted.
  public var key: PEMFile?
  /// The authorities whose certificates are believed. A client without any believes the system's;
  /// a server without any doesn't ask for certificates.
  public var authorities: PEMFile?
  /// Of a server with authorities: whether clients must show a certificate. One that is shown has
  /// to be good in either case.
  public var requiresClientCertificate = true

  public init(
    certificate: PEMFile? = nil, key: PEMFile? = nil, authorities: PEMFile? = nil,
    requiresClientCertificate: Bool = true
  ) {
    self.certificate = certificate
    self.key = key
    self.authorities = authorities
    self.requiresClientCertificate = requiresClientCertificate
  }
}
