import Glibc
import VerdictModel

/// libFuzzer's ways in; it has the process's `main`, see `Tests/Fuzz/build`. The environment says
/// what is fuzzed.
private let target: FuzzTarget = {
  let name = unsafe getenv("FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""
  guard let target = FuzzTarget(rawValue: name) else {
    let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
    fatalError("FUZZ_TARGET is `\(name)`, expected one of \(names)")
  }
  return target
}()

// SAFETY of all uses: libFuzzer calls from one thread.
nonisolated(unsafe) private let harness: any FuzzHarness = {
  do {
    return try target.harness()
  } catch {
    fatalError("\(target) can't begin: \(error)")
  }
}()

@_cdecl("LLVMFuzzerInitialize")
public func initialize(
  _ argumentCount: UnsafeMutablePointer<CInt>?, _ arguments: UnsafeMutableRawPointer?
) -> CInt {
  _ = unsafe harness
  return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  // SAFETY: libFuzzer's buffer is as long as it says, and stays during the call.
  unsafe harness.run(ByteView(base: UnsafeRawPointer(bytes), count: count))
  return 0
}

/// libFuzzer's own mutations: room for as many bytes as the last argument says.
private typealias Mutate = @convention(c) (UnsafeMutablePointer<UInt8>?, Int, Int) -> Int

/// nil where there is no libFuzzer.
private let mutate: Mutate? = {
  // SAFETY: whoever has a symbol of this name has it with this type.
  unsafe dlsym(nil, "LLVMFuzzerMutate").map { unsafe unsafeBitCast($0, to: Mutate.self) }
}()

@_cdecl("LLVMFuzzerCustomMutator")
public func mutateInput(
  _ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ countMax: Int, _ seed: UInt32
) -> Int {
  guard let mutate = unsafe mutate else { return count }
  // Half of the time frames are moved about; else libFuzzer does what it does best.
  guard target == .http2, seed & 1 == 0 else { return unsafe mutate(bytes, count, countMax) }
  // SAFETY: libFuzzer's buffer has room for `countMax` bytes.
  var frames = FrameMutation(
    unsafe Array(UnsafeBufferPointer(start: bytes, count: count)), seed: seed)
  let mutated = frames.mutated(countMax: countMax) { payload in
    var room = payload + [UInt8](repeating: 0, count: 64)
    let count = unsafe room.withUnsafeMutableBufferPointer {
      unsafe mutate($0.baseAddress, payload.count, $0.count)
    }
    return Array(room.prefix(count))
  }
  for (index, byte) in mutated.enumerated() { unsafe bytes[index] = byte }
  return mutated.count
}
