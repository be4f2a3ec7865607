import Glibc
import Testing
import VerdictSystem

@Suite("files")
final class FileTests {
  private let root = "/tmp/verdict-test-\(SystemRandom.word())"

  deinit { FileTests.remove(root) }

  /// A fresh directory for one test.
  private func directory() throws -> String {
    let path = "\(root)/\(SystemRandom.word())"
    try File.createDirectories(path)
    return path
  }

  private static func remove(_ path: String) {
    for name in (try? File.names(in: path)) ?? [] { remove("\(path)/\(name)") }
    if unsafe rmdir(path) != 0 { try? File.remove(path) }
  }

  @Test("a replaced file holds the new bytes and leaves nothing beside it")
  func replace() throws {
    let directory = try directory()
    let path = directory + "/index.json"
    try AtomicFile.replace(path, with: [1, 2, 3])
    try AtomicFile.replace(path, with: [4])
    #expect(try File.read(path, byteCountMax: 10) == [4])
    #expect(try File.names(in: directory) == ["index.json"])
  }

  @Test("a failed replacement names the path and leaves nothing behind")
  func replaceFails() throws {
    let directory = try directory()
    let path = directory + "/taken"
    try File.createDirectories(path + "/inside")
    let error = #expect(throws: SystemError.self) { try AtomicFile.replace(path, with: [1]) }
    #expect(error?.description.hasPrefix("`\(path)`: rename: ") == true)
    #expect(try File.names(in: directory) == ["taken"])
  }

  @Test("a file beyond the limit is not read")
  func readLimit() throws {
    let path = try directory() + "/file"
    try File.create(path, with: [UInt8](repeating: 9, count: 5000))
    #expect(try File.read(path, byteCountMax: 5000).count == 5000)
    let error = #expect(throws: SystemError.self) { try File.read(path, byteCountMax: 4999) }
    #expect(error?.number == Errno.tooBig)
    #expect(error?.subject == path)
  }

  @Test("a file that exists is not created over")
  func createExisting() throws {
    let path = try directory() + "/file"
    try File.create(path, with: [1])
    let error = #expect(throws: SystemError.self) { try File.create(path, with: [2]) }
    #expect(error?.number == Errno.exists)
    #expect(try File.read(path, byteCountMax: 10) == [1])
  }

  @Test("sealed memory is a copy that outlives its file")
  func sealed() throws {
    let path = try directory() + "/file"
    let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    try File.create(path, with: bytes)
    let memory = try SealedMemory(
      copying: try FileDescriptor.reading(path), name: "test", byteCountMax: 3_000_000)
    try File.remove(path)
    #expect(memory.byteCount == bytes.count)
    #expect(unsafe Array(memory.bytes) == bytes)
  }

  @Test("sealed memory takes neither nothing nor too much")
  func sealedLimits() throws {
    let path = try directory() + "/file"
    try File.create(path, with: [1, 2, 3])
    let file = try FileDescriptor.reading(path)
    let tooBig = #expect(throws: SystemError.self) {
      try SealedMemory(copying: file, name: "test", byteCountMax: 2)
    }
    #expect(tooBig?.number == Errno.tooBig)
    let empty = #expect(throws: SystemError.self) {
      try SealedMemory(copying: [], name: "test")
    }
    #expect(empty?.number == Errno.invalid)
  }

  @Test("a watch hears of a rename into its directory, and of nothing else before")
  func watch() throws {
    let directory = try directory()
    let watch = try FileWatch()
    try watch.add(directory)
    #expect(!watch.drain())
    try AtomicFile.replace(directory + "/index.json", with: [1])
    #expect(Readiness.wait(readable: [watch.rawDescriptor], timeoutMilliseconds: 5000) == 0)
    #expect(watch.drain())
    #expect(!watch.drain())
  }

  @Test("a lock is held by one and waited for by nobody who does not want to")
  func lock() throws {
    let path = try directory() + "/lock"
    let first = try FileDescriptor.lockFile(path, mode: 0o644)
    let second = try FileDescriptor.lockFile(path, mode: 0o644)
    #expect(try first.lockExclusively(wait: false))
    #expect(try !second.lockExclusively(wait: false))
    first.close()
    #expect(try second.lockExclusively(wait: false))
  }
}
