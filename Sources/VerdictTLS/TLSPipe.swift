internal import COpenSSL

/// Where the sessions of one loop take ciphertext from and put it: memory of the loop, instead of
/// two growing buffers for each connection. One session is at work at a time; the ciphertext it
/// makes is sent, or put aside, before the next one's turn.
@safe
public struct TLSPipe: ~Copyable {
  let state: UnsafeMutablePointer<TLSPipeState>

  public init() {
    unsafe state = .allocate(capacity: 1)
    // SAFETY: just allocated; freed by `deinit` alone.
    unsafe state.initialize(to: TLSPipeState())
  }

  deinit {
    // SAFETY: sessions don't outlive their pipe.
    unsafe state.pointee.output.deallocate()
    unsafe state.deallocate()
  }

  /// Bytes of ciphertext that sessions have made since the last `clear`.
  public var outputByteCount: Int { unsafe state.pointee.outputByteCount }

  /// Where they lie; valid until a session works or the pipe is cleared.
  @unsafe
  public var output: UnsafeRawPointer { unsafe UnsafeRawPointer(state.pointee.output) }

  /// Forgets the ciphertext.
  public func clear() { unsafe state.pointee.outputByteCount = 0 }
}

/// The memory behind a pipe, which OpenSSL's callbacks reach.
@safe
struct TLSPipeState {
  var input = unsafe UnsafeRawPointer(bitPattern: 8).unsafelyUnwrapped
  var inputByteCount = 0
  var output: UnsafeMutableRawPointer
  var outputCapacity = 160 << 10
  var outputByteCount = 0

  init() { unsafe output = .allocate(byteCount: outputCapacity, alignment: 64) }

  /// Grows once or twice in a loop's life, where a turn makes more than usual.
  mutating func append(_ bytes: UnsafeRawPointer, _ byteCount: Int) {
    if outputCapacity - outputByteCount < byteCount {
      let capacity = (outputByteCount + byteCount) * 2
      let bigger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 64)
      // SAFETY: the new memory is bigger than what is kept.
      unsafe bigger.copyMemory(from: output, byteCount: outputByteCount)
      unsafe output.deallocate()
      unsafe output = bigger
      outputCapacity = capacity
    }
    // SAFETY: there is room, as was just seen to.
    unsafe (output + outputByteCount).copyMemory(from: bytes, byteCount: byteCount)
    outputByteCount += byteCount
  }

  /// Takes up to `byteCount` bytes of what came from the peer.
  mutating func take(into target: UnsafeMutableRawPointer, _ byteCount: Int) -> Int {
    let count = min(byteCount, inputByteCount)
    // SAFETY: OpenSSL's target has room for `byteCount`; the input is what `feed` was given.
    unsafe target.copyMemory(from: input, byteCount: count)
    unsafe input += count
    inputByteCount -= count
    return count
  }
}

/// OpenSSL's view of a pipe: a BIO of our own kind.
@safe
struct PipeMethod: @unchecked Sendable {
  // `@unchecked`: never changed after it was made.
  let method: OpaquePointer

  static let shared = PipeMethod()

  private init() {
    let type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
    // SAFETY: a fresh method, never freed, that nobody sees before it is complete.
    guard let method = unsafe BIO_meth_new(type, "verdict pipe") else {
      preconditionFailure("out of memory")
    }
    unsafe self.method = method
    unsafe BIO_meth_set_read_ex(method) { unsafe PipeMethod.read($0, $1, $2, $3) }
    unsafe BIO_meth_set_write_ex(method) { unsafe PipeMethod.write($0, $1, $2, $3) }
    unsafe BIO_meth_set_ctrl(method) { _, command, _, _ in
      // The only thing OpenSSL asks of us is to flush, and there is nothing to flush.
      command == BIO_CTRL_FLUSH ? 1 : 0
    }
  }

  /// A BIO that reads from and writes to the pipe.
  @unsafe
  static func make(_ pipe: UnsafeMutablePointer<TLSPipeState>) -> OpaquePointer {
    // SAFETY: the method lives for ever; the pipe outlives its sessions.
    guard let bio = unsafe BIO_new(shared.method) else { preconditionFailure("out of memory") }
    unsafe BIO_set_data(bio, pipe)
    unsafe BIO_set_init(bio, 1)
    return unsafe bio
  }

  @unsafe
  private static func pipe(_ bio: OpaquePointer?) -> UnsafeMutablePointer<TLSPipeState> {
    // SAFETY: every BIO of this method was made with its pipe.
    unsafe BIO_get_data(bio).unsafelyUnwrapped.assumingMemoryBound(to: TLSPipeState.self)
  }

  @unsafe
  private static func read(
    _ bio: OpaquePointer?, _ target: UnsafeMutablePointer<CChar>?, _ byteCount: Int,
    _ readByteCount: UnsafeMutablePointer<Int>?
  ) -> Int32 {
    // SAFETY: OpenSSL passes room for `byteCount` bytes.
    guard let target = unsafe target, let readByteCount = unsafe readByteCount else { return 0 }
    unsafe BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
    let count = unsafe pipe(bio).pointee.take(into: target, byteCount)
    unsafe readByteCount.pointee = count
    if count == 0 { unsafe BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY) }
    return count > 0 ? 1 : 0
  }

  @unsafe
  private static func write(
    _ bio: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ byteCount: Int,
    _ writtenByteCount: UnsafeMutablePointer<Int>?
  ) -> Int32 {
    // SAFETY: OpenSSL passes `byteCount` bytes.
    guard let bytes = unsafe bytes, let writtenByteCount = unsafe writtenByteCount else {
      return 0
    }
    unsafe BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
    unsafe pipe(bio).pointee.append(bytes, byteCount)
    unsafe writtenByteCount.pointee = byteCount
    return 1
  }
}
