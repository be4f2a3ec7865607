internal import VerdictCrypto
internal import VerdictModel
internal import VerdictSystem

/// Which snapshot goes into which file.
struct SnapshotFiles {
  let directory: String?
  let files: [(path: String, organization: CompiledDocuments.Organization)]

  init(
    output: String, organizations: [CompiledDocuments.Organization]
  ) throws(CommandFailure) {
    let status = FileStatus(of: output)
    if output.hasSuffix("/") || status?.isDirectory == true {
      var directory = output[...]
      while directory.count > 1, directory.last == "/" { directory.removeLast() }
      self.directory = String(directory)
      files = organizations.map {
        ("\(directory)/\(SnapshotFiles.name(ofOrganization: $0.id)).snapshot", $0)
      }
      return
    }
    guard organizations.count == 1 else {
      let names = organizations.prefix(3).map { "`\(String(decoding: $0.id, as: UTF8.self))`" }
      throw CommandFailure(
        "`\(output)`: a snapshot holds one organization, and the documents have "
          + "\(organizations.count) (\(names.joined(separator: ", "))"
          + "\(organizations.count > 3 ? ", ..." : "")); name a directory: --output \(output)/")
    }
    // A rename would put the file in the place of a device or a pipe.
    guard status?.isRegular != false else {
      throw CommandFailure("`\(output)`: not a regular file; name another --output")
    }
    directory = nil
    files = organizations.map { (output, $0) }
  }

  func write() throws(CommandFailure) {
    for (path, organization) in files {
      do throws(SystemError) {
        if let directory { try File.createDirectories(directory) }
        try AtomicFile.replace(path, with: organization.snapshot)
      } catch {
        throw CommandFailure(error.description)
      }
      let digest = organization.snapshot.withByteView { SHA256Digest(of: $0) }
      try StandardStream.output.write(
        line: "\(path): organization `\(String(decoding: organization.id, as: UTF8.self))`, "
          + "\(organization.snapshot.count) bytes, \(digest)")
    }
  }

  /// A name that is one file's on every file system, whatever the id; different ids give different
  /// names.
  static func name(ofOrganization id: [UInt8]) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var name: [UInt8] = []
    for (index, byte) in id.enumerated() {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
        UInt8(ascii: "@"):
        name.append(byte)
      // A first dot would hide the file, or name the directory above.
      case UInt8(ascii: ".") where index > 0:
        name.append(byte)
      default:
        name += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: name, as: UTF8.self)
  }
}
