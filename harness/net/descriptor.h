// Readiness of one non-blocking file descriptor on a reactor; the only other door to Asio than Reactor itself. Reactor thread only.
#pragma once

#include <memory>

#include "harness/net/reactor.h"

namespace plumb::net::detail {

class ReadySink {
 public:
  virtual ~ReadySink() = default;
  virtual void on_readable() = 0;
  virtual void on_writable() = 0;
  // The reactor stops, and with it the descriptor: what refers to others in a circle lets go of them.
  virtual void on_stop() {}
};

class Descriptor {
 public:
  // Owns fd from here on; `owner`, if any, holds this object and is told when the reactor stops. Waits keep `sink` alive until they fire or close() drops them.
  Descriptor(std::shared_ptr<Reactor> reactor, int fd, ReadySink* owner = nullptr);
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void wait_read(std::shared_ptr<ReadySink> sink);   // one-shot; no-op while one is pending
  void wait_write(std::shared_ptr<ReadySink> sink);
  void close();
  bool open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  const std::shared_ptr<Reactor>& reactor() const { return reactor_; }

 private:
  struct Inner;
  friend struct plumb::net::Reactor::Impl;
  std::shared_ptr<Reactor> reactor_;
  ReadySink* const owner_;
  int fd_;
  bool reading_ = false, writing_ = false;
  std::unique_ptr<Inner> inner_;
};

}  // namespace plumb::net::detail
