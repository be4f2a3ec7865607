// What a server by the usual library costs: gRPC C++ with its callback interface, which answers every
// call with the same bytes and decides nothing.
//
// usage: rival ADDRESS MESSAGE
//   ADDRESS  HOST:PORT or unix:PATH; port 0 lets the kernel choose
//   MESSAGE  a file with the bytes of the answer
//
// Prints the address and serves until SIGTERM.

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

namespace {

grpc::ByteBuffer answer;

// One unary call: reads the request, writes the answer.
class Call : public grpc::ServerGenericBidiReactor {
 public:
  Call() { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status(grpc::StatusCode::INTERNAL, "no message"));
    StartWriteAndFinish(&answer, grpc::WriteOptions(), grpc::Status::OK);
  }

  void OnDone() override { delete this; }

 private:
  grpc::ByteBuffer request_;
};

class Service : public grpc::CallbackGenericService {
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new Call;
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: rival ADDRESS MESSAGE\n", stderr);
    return 64;
  }
  std::ifstream file(argv[2], std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  grpc::Slice slice(bytes);
  answer = grpc::ByteBuffer(&slice, 1);

  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  sigprocmask(SIG_BLOCK, &end, nullptr);

  std::string address = argv[1];
  int port = 0;
  Service service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) {
    std::fprintf(stderr, "rival: can't listen on %s\n", address.c_str());
    return 1;
  }
  if (address.rfind("unix:", 0) != 0) {
    address = address.substr(0, address.rfind(':') + 1) + std::to_string(port);
  }
  std::printf("rival listens on %s\n", address.c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&end, &signal);
  server->Shutdown();
  return 0;
}
