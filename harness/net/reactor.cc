#include "harness/net/reactor.h"

#include <pthread.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "harness/net/descriptor.h"

namespace plumb::net {

namespace asio = boost::asio;
using boost::system::error_code;

struct Reactor::Impl {
  std::optional<asio::io_context> context{1};
  std::optional<asio::steady_timer> timer{*context};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> guard{context->get_executor()};
  std::thread thread;
  std::atomic<std::thread::id> thread_id{};

  std::mutex mutex;
  std::vector<std::function<void()>> posted;  // guarded by mutex
  bool draining = false;                      // guarded by mutex: a drain is scheduled
  bool stopped = false;                       // guarded by mutex

  // Reactor thread only from here on.
  std::multimap<Instant, std::pair<TimerId, std::function<void()>>> timers;
  std::unordered_map<TimerId, decltype(timers)::iterator> by_id;
  Instant armed_for = Instant::max();
  std::unordered_set<detail::Descriptor*> descriptors;

  std::atomic<TimerId> next_timer{1};

  void drain();
  void arm();
  void fire();
  void close_all();
};

struct detail::Descriptor::Inner {
  asio::posix::stream_descriptor descriptor;
};

void Reactor::Impl::drain() {
  std::vector<std::function<void()>> batch;
  {
    std::lock_guard lock(mutex);
    batch.swap(posted);
    draining = false;
  }
  for (auto& work : batch) {
    work();
    work = nullptr;
  }
}

void Reactor::Impl::arm() {
  if (timers.empty() || timers.begin()->first >= armed_for) return;
  armed_for = timers.begin()->first;
  timer->expires_at(armed_for);
  timer->async_wait([this](error_code error) {
    if (!error) fire();
  });
}

void Reactor::Impl::fire() {
  armed_for = Instant::max();
  const Instant now = std::chrono::steady_clock::now();
  while (!timers.empty() && timers.begin()->first <= now) {
    auto node = timers.extract(timers.begin());
    by_id.erase(node.mapped().first);
    node.mapped().second();
  }
  arm();
}

void Reactor::Impl::close_all() {
  // What the owners open in answer is closed without a word, or they could go on for ever.
  for (detail::Descriptor* each : std::vector<detail::Descriptor*>(descriptors.begin(), descriptors.end()))
    if (descriptors.contains(each) && each->owner_) each->owner_->on_stop();
  while (!descriptors.empty()) (*descriptors.begin())->close();
}

Reactor::Reactor() : impl_(std::make_unique<Impl>()) {}

std::shared_ptr<Reactor> Reactor::start(const std::string& name) {
  std::shared_ptr<Reactor> reactor(new Reactor);
  Impl* impl = reactor->impl_.get();
  impl->thread = std::thread([impl] {
    impl->thread_id = std::this_thread::get_id();
    impl->context->run();
  });
  pthread_setname_np(impl->thread.native_handle(), name.substr(0, 15).c_str());
  return reactor;
}

Reactor::~Reactor() { stop(); }

bool Reactor::post(std::function<void()> work) {
  std::lock_guard lock(impl_->mutex);
  if (impl_->stopped) return false;
  impl_->posted.push_back(std::move(work));
  if (impl_->draining) return true;
  impl_->draining = true;
  asio::post(*impl_->context, [impl = impl_.get()] { impl->drain(); });
  return true;
}

void Reactor::run(std::function<void()> work) {
  if (in_this_thread()) return work();
  post(std::move(work));
}

bool Reactor::in_this_thread() const { return impl_->thread_id.load(std::memory_order_relaxed) == std::this_thread::get_id(); }

Reactor::TimerId Reactor::after(Duration delay, std::function<void()> work) {
  const TimerId id = impl_->next_timer++;
  const Instant when = std::chrono::steady_clock::now() + delay;
  auto add = [impl = impl_.get(), id, when, work = std::move(work)]() mutable {
    impl->by_id[id] = impl->timers.emplace(when, std::make_pair(id, std::move(work)));
    impl->arm();
  };
  if (in_this_thread()) add();
  else post(std::move(add));
  return id;
}

void Reactor::cancel(TimerId id) {
  if (!in_this_thread()) {
    post([this, id] { cancel(id); });
    return;
  }
  const auto found = impl_->by_id.find(id);
  if (found == impl_->by_id.end()) return;  // it ran
  auto node = impl_->timers.extract(found->second);
  impl_->by_id.erase(found);
}

void Reactor::stop() {
  {
    std::lock_guard lock(impl_->mutex);
    if (impl_->stopped) return;
    impl_->stopped = true;
  }
  asio::post(*impl_->context, [impl = impl_.get()] {
    impl->drain();
    impl->close_all();
    impl->context->stop();
  });
  impl_->thread.join();
  // Dropped in an order that lets callbacks, which may own connections, go before what those use.
  std::vector<std::function<void()>> left;
  left.swap(impl_->posted);
  left.clear();
  impl_->by_id.clear();
  impl_->timers.clear();
  impl_->timer.reset();
  impl_->guard.reset();
  impl_->context.reset();
}

const std::shared_ptr<Reactor>& shared_reactor() {
  static const auto* reactor = new std::shared_ptr<Reactor>(Reactor::start("net-client"));
  return *reactor;
}

namespace detail {

Descriptor::Descriptor(std::shared_ptr<Reactor> reactor, int fd, ReadySink* owner)
    : reactor_(std::move(reactor)), owner_(owner), fd_(fd), inner_(new Inner{asio::posix::stream_descriptor(*reactor_->impl().context, fd)}) {
  reactor_->impl().descriptors.insert(this);
}

Descriptor::~Descriptor() { close(); }

void Descriptor::close() {
  if (fd_ < 0) return;
  fd_ = -1;
  reactor_->impl().descriptors.erase(this);
  // The waits' handlers own the sink, which may own this object: they run, with an error, after this call.
  inner_.reset();
}

void Descriptor::wait_read(std::shared_ptr<ReadySink> sink) {
  if (reading_ || fd_ < 0) return;
  reading_ = true;
  inner_->descriptor.async_wait(asio::posix::stream_descriptor::wait_read, [this, sink = std::move(sink)](error_code error) {
    if (error) return;
    reading_ = false;
    sink->on_readable();
  });
}

void Descriptor::wait_write(std::shared_ptr<ReadySink> sink) {
  if (writing_ || fd_ < 0) return;
  writing_ = true;
  inner_->descriptor.async_wait(asio::posix::stream_descriptor::wait_write, [this, sink = std::move(sink)](error_code error) {
    if (error) return;
    writing_ = false;
    sink->on_writable();
  });
}

}  // namespace detail
}  // namespace plumb::net
