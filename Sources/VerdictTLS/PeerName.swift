internal import COpenSSL
internal import VerdictModel

/// Who a certificate is for: its first URI, else its first DNS name, else its subject, with the
/// kind in front (`uri:`, `dns:`, `subject:`), so that no name of one kind passes for another's.
enum PeerName {
  /// Longer names are nobody's.
  static let byteCountMax = 2048

  /// OpenSSL's `XN_FLAG_RFC2253`, whose macro Swift can't import: the escapes of RFC 2253, names
  /// separated by commas, the last first, by their short keys; what is unknown in hexadecimal.
  private static let rfc2253: UInt = 0x317 | 1 << 16 | 1 << 20 | 1 << 24

  /// nil where the certificate names nobody, or with other than printable characters: a name that
  /// reads in two ways is no name.
  @unsafe
  static func text(of certificate: OpaquePointer) -> String? {
    // SAFETY: a live certificate; the list of names is ours and freed below.
    if let names = unsafe X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) {
      let list = OpaquePointer(names)
      defer { unsafe GENERAL_NAMES_free(list) }
      if let uri = unsafe first(GEN_URI, in: list) { return uri.map { "uri:\($0)" } }
      if let name = unsafe first(GEN_DNS, in: list) { return name.map { "dns:\($0)" } }
    } else {
      ERR_clear_error()
    }
    return unsafe subject(of: certificate).map { "subject:\($0)" }
  }

  /// The first name of a kind; nil: there is none. `.some(nil)`: it is not printable.
  @unsafe
  private static func first(_ kind: Int32, in names: OpaquePointer) -> String?? {
    let nameCount = unsafe OPENSSL_sk_num(names)
    for index in 0..<max(nameCount, 0) {
      // SAFETY: the list holds general names and stays as it is meanwhile.
      guard let raw = unsafe OPENSSL_sk_value(names, index) else { continue }
      let name = unsafe raw.assumingMemoryBound(to: GENERAL_NAME.self)
      guard unsafe name.pointee.type == kind else { continue }
      let value = unsafe name.pointee.d.uniformResourceIdentifier
      let count = unsafe Int(ASN1_STRING_length(value))
      guard let base = unsafe ASN1_STRING_get0_data(value) else { return .some(nil) }
      let bytes = unsafe ByteView(base: base, count: count)
      return .some(printable(bytes, allowsSpace: false))
    }
    return nil
  }

  /// The subject as RFC 2253 writes it; what is not ASCII is escaped.
  @unsafe
  private static func subject(of certificate: OpaquePointer) -> String? {
    // SAFETY: the name belongs to the certificate; the writer is ours.
    guard let name = unsafe X509_get_subject_name(certificate),
      let bio = unsafe BIO_new(BIO_s_mem())
    else { return nil }
    defer { unsafe BIO_free(bio) }
    guard unsafe X509_NAME_print_ex(bio, name, 0, rfc2253) > 0 else {
      ERR_clear_error()
      return nil
    }
    var bytes = [UInt8](repeating: 0, count: byteCountMax + 1)
    let count = unsafe bytes.withUnsafeMutableBytes {
      unsafe BIO_read(bio, $0.baseAddress, Int32($0.count))
    }
    guard count > 0 else { return nil }
    return bytes.withByteView { printable($0[0..<Int(count)], allowsSpace: true) }
  }

  private static func printable(_ bytes: ByteView, allowsSpace: Bool) -> String? {
    guard !bytes.isEmpty, bytes.count <= byteCountMax else { return nil }
    let least: UInt8 = allowsSpace ? 0x20 : 0x21
    for index in 0..<bytes.count where bytes[index] < least || bytes[index] > 0x7E { return nil }
    return bytes.text
  }
}
