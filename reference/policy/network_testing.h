// A node and pods for tests with packets: this program is the node, with a bridge as the CNI plugin makes it; a pod is a thread with a network
// namespace of its own. One pod lives beyond a route, as pods of other nodes do.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/process.h"
#include "harness/base/result.h"

namespace plumb::policy::testing {

inline Status ip_commands(const std::string& commands) {
  const auto done = run_checked({"ip", "-batch", "-"}, {.input = commands});
  return done.ok() ? Status() : Status(done.error());
}

inline sockaddr_in address_of(const std::string& ip, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, ip.c_str(), &address.sin_addr);
  return address;
}

inline bool is_readable(int fd, int timeout_ms) {
  pollfd wait{fd, POLLIN, 0};
  return poll(&wait, 1, timeout_ms) > 0;
}

// A connection, or -1 when nobody answers within the time.
inline int connect_to(const std::string& ip, int port, int timeout_ms) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const sockaddr_in address = address_of(ip, port);
  (void)connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  pollfd wait{fd, POLLOUT, 0};
  int error = 0;
  socklen_t size = sizeof error;
  if (poll(&wait, 1, timeout_ms) > 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) return fd;
  close(fd);
  return -1;
}

// Whether one word comes back.
inline bool echoes(int fd, int timeout_ms = 1000) {
  char data[16];
  return send(fd, "x", 1, MSG_NOSIGNAL) == 1 && is_readable(fd, timeout_ms) && recv(fd, data, sizeof data, 0) == 1;
}

enum class By { tcp, udp };

inline bool reaches(const std::string& ip, int port, By by = By::tcp, int timeout_ms = 400) {
  int fd = -1;
  if (by == By::tcp) {
    fd = connect_to(ip, port, timeout_ms);
  } else {
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = address_of(ip, port);
    (void)connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  if (fd < 0) return false;
  const bool answered = echoes(fd, timeout_ms);
  close(fd);
  return answered;
}

class Pod {
 public:
  Pod() : thread_([this] { run_tasks(); }) {
    run([this] {
      id_ = static_cast<int>(syscall(SYS_gettid));
      if (unshare(CLONE_NEWNET) < 0) id_ = -1;
    });
  }
  ~Pod() {
    stop_ = true;
    if (server_.joinable()) server_.join();
    for (const int fd : fds_) close(fd);
    run([this] { ended_ = true; });
    thread_.join();
  }
  // In the pod's network.
  void run(std::function<void()> task) {
    std::unique_lock lock(mutex_);
    task_ = std::move(task);
    changed_.notify_all();
    changed_.wait(lock, [this] { return !task_; });
  }
  // For `ip link set … netns`; -1 without the right to have a network.
  int id() const { return id_; }

  bool reaches(const std::string& ip, int port, By by = By::tcp, int timeout_ms = 400) {
    bool answered = false;
    run([&] { answered = testing::reaches(ip, port, by, timeout_ms); });
    return answered;
  }
  int connect(const std::string& ip, int port) {
    int fd = -1;
    run([&] { fd = connect_to(ip, port, 1000); });
    return fd;
  }
  // Echoes at these ports, over TCP and UDP.
  void serve(const std::vector<int>& ports) {
    run([&] {
      for (const int port : ports) {
        for (const int kind : {SOCK_STREAM, SOCK_DGRAM}) {
          const int fd = socket(AF_INET, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
          const sockaddr_in address = address_of("0.0.0.0", port);
          if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && kind == SOCK_STREAM) (void)listen(fd, 100);
          fds_.push_back(fd);
          listens_.push_back(kind == SOCK_STREAM);
        }
      }
    });
    server_ = std::thread([this] { echo(); });
  }

 private:
  void run_tasks() {
    std::unique_lock lock(mutex_);
    while (!ended_) {
      changed_.wait(lock, [this] { return task_ != nullptr; });
      task_();
      task_ = nullptr;
      changed_.notify_all();
    }
  }
  void echo() {
    while (!stop_) {
      std::vector<pollfd> waits;
      for (const int fd : fds_) waits.push_back({fd, POLLIN, 0});
      if (poll(waits.data(), waits.size(), 20) <= 0) continue;
      for (std::size_t i = waits.size(); i-- > 0;)
        if (waits[i].revents) answer(i);
    }
  }
  void answer(std::size_t i) {
    if (listens_[i]) {
      const int fd = accept4(fds_[i], nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0) fds_.push_back(fd), listens_.push_back(false);
      return;
    }
    char data[64];
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t got = recvfrom(fds_[i], data, sizeof data, 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got > 0) return (void)sendto(fds_[i], data, static_cast<std::size_t>(got), MSG_NOSIGNAL, size ? reinterpret_cast<const sockaddr*>(&from) : nullptr, size);
    close(fds_[i]);
    fds_.erase(fds_.begin() + static_cast<std::ptrdiff_t>(i));
    listens_.erase(listens_.begin() + static_cast<std::ptrdiff_t>(i));
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> task_;  // under mutex_
  bool ended_ = false;
  std::atomic<bool> stop_{false};
  int id_ = -1;
  std::vector<int> fds_;
  std::vector<bool> listens_;
  std::thread server_;
  std::thread thread_;
};

inline Status set_switch(const std::string& path, const std::string& value) {
  std::ofstream file(path);
  file << value;
  file.close();
  return file.fail() ? Status(fail(Code::unavailable, "needs " + path)) : Status();
}

// permission_denied without root, unavailable without br_netfilter.
inline Status become_node() {
  if (geteuid() != 0) return fail(Code::permission_denied, "needs root, for network namespaces and nftables");
  if (unshare(CLONE_NEWNET) < 0) return fail_errno("making a network namespace");
  PLUMB_TRY(ip_commands("link set lo up\nlink add cni0 type bridge\naddr add 10.1.0.1/24 dev cni0\nlink set cni0 up\n"));
  PLUMB_TRY(set_switch("/proc/sys/net/ipv4/ip_forward", "1"));
  return set_switch("/proc/sys/net/bridge/bridge-nf-call-iptables", "1");
}

// A pod on the node's bridge.
inline Status attach(Pod& pod, const std::string& name, const std::string& ip) {
  PLUMB_TRY(ip_commands("link add " + name + " type veth peer name e-" + name + "\nlink set e-" + name + " netns " + std::to_string(pod.id()) + "\nlink set " + name +
                        " master cni0\nlink set " + name + " type bridge_slave hairpin on\nlink set " + name + " up\n"));
  Status done;
  pod.run([&] { done = ip_commands("link set lo up\nlink set e-" + name + " name eth0\naddr add " + ip + "/24 dev eth0\nlink set eth0 up\nroute add default via 10.1.0.1\n"); });
  return done;
}

// A pod of another node: the node routes to it.
inline Status attach_far(Pod& pod, const std::string& name, const std::string& ip) {
  PLUMB_TRY(ip_commands("link add " + name + " type veth peer name e-" + name + "\nlink set e-" + name + " netns " + std::to_string(pod.id()) + "\naddr add 192.0.2.1/24 dev " + name +
                        "\nlink set " + name + " up\nroute add " + ip + "/32 dev " + name + "\n"));
  Status done;
  pod.run([&] { done = ip_commands("link set lo up\nlink set e-" + name + " name eth0\naddr add " + ip + "/32 dev eth0\nlink set eth0 up\nroute add 192.0.2.1/32 dev eth0\nroute add default via 192.0.2.1\n"); });
  return done;
}

}  // namespace plumb::policy::testing
