public import VerdictCrypto
internal import VerdictSystem

/// A key whose signatures count, and for what.
///
/// Its file is a public key in PEM form. Lines `organization: ID` before it limit the key: it may
/// then change these organizations alone. Other lines are comments, unless they look as if they
/// were meant to limit it: a slip must not make a key that may change everything.
public struct TrustedKey: Sendable {
  public let key: VerifyingKey
  /// nil: all, and attachments too.
  public let organizations: Set<[UInt8]>?

  public init(key: VerifyingKey, organizations: Set<[UInt8]>?) {
    self.key = key
    self.organizations = organizations
  }

  private static let limit = "organization:"
  private static let begin = "-----BEGIN "

  init(_ bytes: [UInt8], place: String) throws(ControlError) {
    var organizations: Set<[UInt8]>?
    var hasBegun = false
    for line in bytes.split(separator: 10) {
      hasBegun = hasBegun || line.starts(with: Self.begin.utf8)
      guard Self.isLimit(line) else { continue }
      guard !hasBegun, line.starts(with: Self.limit.utf8) else {
        throw ControlError(
          .document, place,
          "\(quoted(Array(line).text)) limits nothing so; write `organization: ID` before the key")
      }
      let id = Array(line).text.dropFirst(Self.limit.count).drop { $0 == " " }
      guard !id.isEmpty, id.utf8.allSatisfy({ $0 >= 0x20 }) else {
        throw ControlError(
          .document, place, "\(quoted(Array(line).text)) names no organization; name one")
      }
      organizations = (organizations ?? []).union([Array(id.utf8)])
    }
    do {
      self.init(key: try VerifyingKey(pem: bytes), organizations: organizations)
    } catch {
      throw ControlError(.document, place, "\(error)")
    }
  }

  /// Whether a line is a limit, or looks like one.
  private static func isLimit(_ line: ArraySlice<UInt8>) -> Bool {
    let word = line.prefix { $0 != UInt8(ascii: ":") }
    guard word.count < line.count else { return false }
    // Without spaces, and without the mark with which some editors begin a file.
    let letters = word.filter { $0 > 0x20 && $0 < 0x7f }.map { $0 | 0x20 }
    return ["organization", "organizations", "organisation", "organisations"].contains {
      letters.elementsEqual($0.utf8)
    }
  }

  /// The file's text.
  /// - Throws: an id that doesn't fit on a line.
  public func text() throws(ControlError) -> String {
    var text = "verdict key \(key.id)\n"
    for id in (organizations ?? []).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      guard !id.isEmpty, id.allSatisfy({ $0 >= 0x20 }), id.first != 0x20 else {
        throw ControlError(
          .document, "", "organization \(quoted(id.text)): its id doesn't fit into a key's file")
      }
      text += "\(Self.limit) \(id.text)\n"
    }
    return text + key.pem
  }
}

/// The keys that a server or a command trusts. They never come from the control directory.
public struct TrustedKeys: Sendable {
  private var byID: [String: TrustedKey] = [:]

  public init(_ keys: [TrustedKey]) {
    for key in keys { byID[key.key.id] = key }
  }

  /// Reads key files.
  ///
  /// - Throws: what can't be read, files that others may write, and one key with two limits.
  public init(files: [String]) throws(ControlError) {
    for path in files {
      guard FileStatus(of: path)?.isWritableByOthers != true else {
        throw ControlError(
          .owner, path, "others may write this key file; run `chmod go-w` on it")
      }
      let key = try TrustedKey(Self.read(path), place: path)
      if let other = byID.updateValue(key, forKey: key.key.id),
        other.organizations != key.organizations
      {
        throw ControlError(.document, path, "key \(key.key.id) has another limit in another file")
      }
    }
  }

  public subscript(id: String) -> TrustedKey? { byID[id] }

  var all: [TrustedKey] { Array(byID.values) }

  public var ids: [String] { byID.keys.sorted() }

  fileprivate static func read(_ path: String) throws(ControlError) -> [UInt8] {
    do {
      return try File.read(path, byteCountMax: ControlLimits.keyByteCountMax)
    } catch {
      throw ControlError(error, path)
    }
  }
}

extension SigningKey {
  /// Reads the file of a private key, which nobody else may read.
  public static func load(file path: String) throws(ControlError) -> SigningKey {
    guard FileStatus(of: path)?.isReadableByOthers != true else {
      throw ControlError(.owner, path, "others may read this private key; run `chmod 600` on it")
    }
    do {
      return try SigningKey(pem: try TrustedKeys.read(path))
    } catch let error as KeyError {
      throw ControlError(.document, path, "\(error)")
    } catch let error as ControlError {
      throw error
    } catch {
      preconditionFailure("reading a key throws these two")
    }
  }
}
