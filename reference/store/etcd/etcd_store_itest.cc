#include "reference/store/etcd/etcd_store.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "harness/base/random.h"
#include "reference/store/contract/store_contract.h"

namespace plumb::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
constexpr const char* program = "/usr/bin/etcd";

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

// One etcd process on loopback with a directory of its own.
class Server {
 public:
  Server() : dir_(fs::temp_directory_path() / ("plumb-etcd-" + random_suffix(8))), client_("http://127.0.0.1:" + std::to_string(free_port())), peer_("http://127.0.0.1:" + std::to_string(free_port())) {
    fs::create_directories(dir_);
    start();
  }
  ~Server() {
    stop();
    fs::remove_all(dir_);
  }
  void start() {
    pid_ = ::fork();
    if (pid_) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const std::string log = dir_ / "log", data = dir_ / "data", cluster = "default=" + peer_;
    const int out = ::open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execl(program, program, "--data-dir", data.c_str(), "--listen-client-urls", client_.c_str(), "--advertise-client-urls", client_.c_str(),
            "--listen-peer-urls", peer_.c_str(), "--initial-advertise-peer-urls", peer_.c_str(), "--initial-cluster", cluster.c_str(), nullptr);
    ::_exit(127);
  }
  void stop() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  const std::string& endpoint() const { return client_; }

 private:
  fs::path dir_;
  std::string client_, peer_;
  pid_t pid_ = -1;
};

// A store of a server that may still be starting.
std::unique_ptr<Store> connect(std::vector<std::string> endpoints) {
  for (int attempt = 0; attempt < 200; ++attempt) {
    auto store = open_etcd({.endpoints = endpoints});
    if (store.ok() && (*store)->health().ok()) return std::move(*store);
    std::this_thread::sleep_for(50ms);
  }
  return nullptr;
}

class EtcdFixture final : public StoreFixture {
 public:
  EtcdFixture() {
    if (::access(program, X_OK)) return;
    static Server server;
    store_ = connect({server.endpoint()});
  }
  Store& store() override { return *store_; }
  std::string missing() const override { return store_ ? "" : std::string("needs ") + program + " (package etcd-server)"; }

 private:
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Etcd, StoreContract, testing::Values(StoreFactory{"etcd", [] { return std::make_unique<EtcdFixture>(); }}),
                         [](const auto& info) { return info.param.name; });

class Etcd : public testing::Test {
 protected:
  void SetUp() override {
    if (::access(program, X_OK)) GTEST_SKIP() << "needs " << program << " (package etcd-server)";
  }
};

template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 1500; ++i, std::this_thread::sleep_for(20ms))
    if (condition()) return true;
  return false;
}

TEST_F(Etcd, WatchGoesOnAfterARestart) {
  Server server;
  const auto store = connect({server.endpoint()});
  ASSERT_TRUE(store);
  std::mutex mutex;
  std::vector<std::string> seen;
  const auto watch = store->watch({"/", 0}, [&](Result<WatchBatch> batch) {
    ASSERT_TRUE(batch.ok()) << batch.error().message;
    std::lock_guard lock(mutex);
    for (const auto& event : batch->events) seen.push_back(*event->kv.value);
  }).value();
  const auto count = [&] {
    std::lock_guard lock(mutex);
    return seen.size();
  };
  ASSERT_TRUE(store->txn(Txn::put("/a", bytes("1"))).ok());
  ASSERT_TRUE(eventually([&] { return count() == 1; }));
  server.stop();
  const auto failed = store->txn(Txn::put("/a", bytes("lost")));
  EXPECT_EQ(failed.error().code, Code::unavailable) << failed.error().message;
  EXPECT_FALSE(store->health().ok());
  server.start();
  ASSERT_TRUE(eventually([&] { return store->txn(Txn::put("/a", bytes("2"))).ok(); }));
  ASSERT_TRUE(eventually([&] { return count() >= 2; }));
  EXPECT_EQ(seen, (std::vector<std::string>{"1", "2"}));
}

TEST_F(Etcd, TurnsToAnotherEndpoint) {
  Server server;
  const std::string dead = "http://127.0.0.1:" + std::to_string(free_port());
  const auto store = connect({dead, server.endpoint()});
  ASSERT_TRUE(store);
  EXPECT_TRUE(store->txn(Txn::put("/a", bytes("1"))).ok());
  EXPECT_TRUE(store->get("/a").value().kv);
}

TEST_F(Etcd, SaysThatNobodyAnswers) {
  EXPECT_EQ(open_etcd({.endpoints = {"127.0.0.1:" + std::to_string(free_port())}}).error().code, Code::unavailable);
  EXPECT_EQ(open_etcd({.endpoints = {"nonsense"}}).error().code, Code::invalid_argument);
  EXPECT_EQ(open_etcd({}).error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace plumb::store
