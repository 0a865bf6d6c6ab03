#include "harness/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "harness/base/encoding.h"

namespace plumb::harness {
namespace {

// Values below 2 * half have a bucket each; above, every power of two is cut into `half` equal buckets.
constexpr int precision_bits = 11;
constexpr std::uint64_t half = std::uint64_t{1} << (precision_bits - 1);
constexpr char format_version = 1;

std::size_t bucket_of(std::uint64_t value) {
  const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - precision_bits);
  return static_cast<std::size_t>(static_cast<std::uint64_t>(shift) * half + (value >> shift));
}

const std::size_t last_bucket = bucket_of(~std::uint64_t{0});

int shift_of(std::size_t bucket) { return bucket < 2 * half ? 0 : static_cast<int>(bucket / half - 1); }

std::uint64_t lowest_in(std::size_t bucket) {
  const int shift = shift_of(bucket);
  return (bucket - static_cast<std::uint64_t>(shift) * half) << shift;
}

std::uint64_t middle_of(std::size_t bucket) { return lowest_in(bucket) + ((std::uint64_t{1} << shift_of(bucket)) >> 1); }

void put_number(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out.push_back(static_cast<char>(number | 0x80));
  out.push_back(static_cast<char>(number));
}

bool take_number(std::string_view& in, std::uint64_t& number) {
  number = 0;
  for (int shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    number |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

}  // namespace

void Histogram::record(std::uint64_t value, std::uint64_t times) {
  if (times == 0) return;
  const std::size_t bucket = bucket_of(value);
  if (bucket >= counts_.size()) counts_.resize(bucket + 1);
  counts_[bucket] += times;
  count_ += times;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value) * static_cast<double>(times);
}

void Histogram::merge(const Histogram& other) {
  if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t bucket = 0; bucket < other.counts_.size(); ++bucket) counts_[bucket] += other.counts_[bucket];
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

std::uint64_t Histogram::percentile(double percent) const {
  if (count_ == 0) return 0;
  const double share = std::clamp(percent, 0.0, 100.0) / 100;
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_) - 1e-9)), 1, count_);
  if (rank == count_) return max_;
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) return std::clamp(middle_of(bucket), min_, max_);
  }
  return max_;
}

std::uint64_t Histogram::count_at_most(std::uint64_t value) const {
  std::uint64_t seen = 0;
  const std::size_t end = std::min(counts_.size(), bucket_of(value) + 1);
  for (std::size_t bucket = 0; bucket < end; ++bucket) seen += counts_[bucket];
  return seen;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> Histogram::buckets() const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> result;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    if (counts_[bucket] != 0) result.emplace_back(std::clamp(middle_of(bucket), min_, max_), counts_[bucket]);
  }
  return result;
}

std::string Histogram::encode() const {
  std::string out(1, format_version);
  put_number(out, min());
  put_number(out, max_);
  put_number(out, std::bit_cast<std::uint64_t>(sum_));
  std::size_t previous = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    if (counts_[bucket] == 0) continue;
    put_number(out, bucket - previous);
    put_number(out, counts_[bucket]);
    previous = bucket;
  }
  return base64_encode(out);
}

Result<Histogram> Histogram::decode(std::string_view text) {
  const auto malformed = [](const char* why) { return fail(Code::invalid_argument, std::string("reading a histogram: ") + why); };
  const std::optional<std::string> bytes = base64_decode(text);
  if (!bytes) return malformed("it is not base64");
  std::string_view in = *bytes;
  if (in.empty() || in.front() != format_version) return malformed("its format is unknown");
  in.remove_prefix(1);

  Histogram result;
  std::uint64_t min = 0, max = 0, sum = 0;
  if (!take_number(in, min) || !take_number(in, max) || !take_number(in, sum)) return malformed("it is cut short");
  for (std::uint64_t bucket = 0; !in.empty();) {
    std::uint64_t step = 0, times = 0;
    if (!take_number(in, step) || !take_number(in, times)) return malformed("it is cut short");
    if (step > last_bucket - bucket || times == 0) return malformed("a bucket is out of range");
    bucket += step;
    if (bucket >= result.counts_.size()) result.counts_.resize(bucket + 1);
    result.counts_[bucket] += times;
    result.count_ += times;
  }
  if (result.count_ == 0) return result;
  if (min > max || bucket_of(max) + 1 != result.counts_.size()) return malformed("its extremes do not fit its buckets");
  result.min_ = min;
  result.max_ = max;
  result.sum_ = std::bit_cast<double>(sum);
  if (!std::isfinite(result.sum_)) return malformed("its sum is not a number");
  return result;
}

bool Histogram::operator==(const Histogram& other) const {
  return count_ == other.count_ && min() == other.min() && max_ == other.max_ && sum_ == other.sum_ && buckets() == other.buckets();
}

}  // namespace plumb::harness
