// One thread that waits for sockets and timers and runs callbacks. Servers and clients put their connections on reactors;
// a connection stays on the one it started on, so its state needs no lock.
//
// Every callback of this library runs on a reactor thread and must not block: hand work that waits to a worker pool.
// post(), after() and cancel() are safe from any thread. Posting is unbounded: each post stands for work whose
// own source is bounded (requests in flight, streams open).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "harness/base/clock.h"

namespace plumb::net {

class Reactor {
 public:
  using TimerId = std::uint64_t;

  // Starts the thread. Whoever starts a reactor stops it, from another thread, when everything on it is done.
  static std::shared_ptr<Reactor> start(const std::string& name);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Runs `work` on the reactor thread, in the order of posting. False (and `work` destroyed) when the reactor has stopped.
  bool post(std::function<void()> work);
  // Runs `work` now when called on the reactor thread, else posts it.
  void run(std::function<void()> work);
  bool in_this_thread() const;

  TimerId after(Duration delay, std::function<void()> work);
  // After a cancel on the thread that would run it, of a timer made there, the callback never runs; across threads it may be running already.
  void cancel(TimerId timer);

  // Closes what is still open, drops pending work, joins the thread. Not from the reactor thread.
  void stop();

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  Reactor();
  std::unique_ptr<Impl> impl_;
};

// The program's reactor for clients that bring none of their own; started at the first call, lives as long as the program.
const std::shared_ptr<Reactor>& shared_reactor();

}  // namespace plumb::net
