internal import CProtobufC
internal import CVerdictProto
public import VerdictModel

/// A `ServerReflectionRequest` of either version: what is asked, and how it is answered.
public struct ReflectionRequest {
  /// What is asked for; texts that are not UTF-8 name nothing.
  public enum Question {
    case file(name: String)
    case symbol(String)
    case `extension`(of: String)
    case extensionNumbers(of: String)
    case services
    /// None that this version of the protocol knows.
    case nothing
  }

  public let question: Question
  private let host: [UInt8]
  private let original: [UInt8]

  /// Unpacks a request, or answers nil: unreadable, or too large for the arena.
  public init?(_ bytes: ByteView, in arena: borrowing MessageArena) {
    guard
      let message = unsafe grpc__reflection__v1__server_reflection_request__unpack(
        arena.allocator, bytes.count, bytes.cBytes)
    else { return nil }
    // SAFETY of all: an unpacked message, alive as long as the arena; the member of the union is
    // the one that its case names.
    host = unsafe ByteView(message.pointee.host).array
    original = bytes.array
    switch unsafe message.pointee.message_request_case.rawValue {
    case 3: question = unsafe .file(name: ByteView(message.pointee.file_by_filename).text)
    case 4: question = unsafe .symbol(ByteView(message.pointee.file_containing_symbol).text)
    case 5:
      let asked = unsafe message.pointee.file_containing_extension
      question = .extension(
        of: unsafe asked.map { unsafe ByteView($0.pointee.containing_type).text } ?? "")
    case 6:
      question = unsafe .extensionNumbers(
        of: ByteView(message.pointee.all_extension_numbers_of_type).text)
    case 7: question = .services
    default: question = .nothing
    }
  }

  /// The `ServerReflectionResponse` to it.
  ///
  /// - Parameter services: full names of what is served.
  public func answer(from set: DescriptorSet, services: [String]) -> [UInt8] {
    var response = WireWriter()
    response.add(1, host)
    response.add(2, original)
    switch question {
    case .file(let name): add(set.files(named: name), "no file `\(name)`", to: &response)
    case .symbol(let name):
      add(set.files(declaring: name), "nothing is called `\(name)`", to: &response)
    case .extension(let type):
      add(nil, "`\(type)` has no extensions", to: &response)
    case .extensionNumbers(let type):
      guard set.isMessage(type) else {
        add(nil, "no message `\(type)`", to: &response)
        break
      }
      var numbers = WireWriter()
      numbers.add(1, type.utf8)
      response.add(5, numbers.bytes)
    case .services:
      var list = WireWriter()
      for name in services {
        var service = WireWriter()
        service.add(1, name.utf8)
        list.add(1, service.bytes)
      }
      response.add(6, list.bytes)
    case .nothing:
      add(code: 12, "no question that is known", to: &response)
    }
    return response.bytes
  }

  private func add(_ files: [[UInt8]]?, _ otherwise: String, to response: inout WireWriter) {
    // NOT_FOUND, within the stream, which goes on.
    guard let files else { return add(code: 5, otherwise, to: &response) }
    var found = WireWriter()
    for file in files { found.add(1, file) }
    response.add(4, found.bytes)
  }

  private func add(code: UInt64, _ words: String, to response: inout WireWriter) {
    var failure = WireWriter()
    failure.add(1, code)
    failure.add(2, words.utf8)
    response.add(7, failure.bytes)
  }
}
