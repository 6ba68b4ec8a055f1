#include "verify/collect.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "verify/zip.h"

namespace slipway::verify {
namespace {

constexpr size_t kLineBytes = 256;        // the kernel reads as much of a "#!" line
constexpr size_t kTextBytes = 64 * 1024;  // of a loader's configuration
// In memory, of files that lie nowhere on disk. What of a program decides is in its first bytes, but for the names of the
// libraries it needs.
constexpr uint64_t kMostCode = 64 << 20, kMostZip = 256 << 20;

/// The files that tell loaders where libraries are.
bool is_loader_text(const std::string& path) {
  return path == "etc/ld.so.conf" || (path.starts_with("etc/ld.so.conf.d/") && path.ends_with(".conf")) ||
         (path.starts_with("etc/ld-musl-") && path.ends_with(".path"));
}

}  // namespace

void Collector::begin(const std::string& path, const tree::Entry& entry, const std::string& disk_path) {
  ++seen_files_;
  path_ = path;
  disk_path_ = disk_path;
  size_ = entry.size;
  is_executable_ = entry.mode & 0111;
  is_text_ = is_loader_text(path);
  kept_.clear();
  forget(path);
  wants_ = size_ == 0 ? Wants::Nothing : is_text_ ? Wants::Text : Wants::Magic;
}

// A later entry of an archive takes the place of an earlier one.
void Collector::forget(const std::string& path) {
  facts_.code.erase(path);
  facts_.scripts.erase(path);
  facts_.archives.erase(path);
  facts_.texts.erase(path);
}

void Collector::bytes(std::span<const uint8_t> piece) {
  seen_bytes_ += piece.size();
  if (wants_ == Wants::Nothing || piece.empty()) return;
  if (wants_ != Wants::Magic) return keep(piece);
  // Mostly the first piece has all of the magic number, and it is of no interest.
  if (kept_.empty() && piece.size() >= kMagicBytes) {
    look(piece.first(kMagicBytes));
  } else {
    const size_t missing = std::min(kMagicBytes - kept_.size(), piece.size());
    kept_.insert(kept_.end(), piece.begin(), piece.begin() + static_cast<ptrdiff_t>(missing));
    piece = piece.subspan(missing);
    if (kept_.size() < std::min<uint64_t>(kMagicBytes, size_)) return;
    look(kept_);
  }
  if (wants_ != Wants::Nothing) keep(piece);
}

void Collector::zeros(uint64_t count) {
  static constexpr std::array<uint8_t, 4096> kZeros{};
  seen_bytes_ += count;
  if (wants_ == Wants::Magic && kept_.empty()) wants_ = Wants::Nothing;
  for (; count > 0 && wants_ != Wants::Nothing; count -= std::min<uint64_t>(count, kZeros.size())) {
    seen_bytes_ -= std::min<uint64_t>(count, kZeros.size());
    bytes(std::span(kZeros).first(std::min<uint64_t>(count, kZeros.size())));
  }
}

void Collector::look(std::span<const uint8_t> head) {
  if (may_be_code(head))
    wants_ = Wants::Code;
  else if (is_executable_ && head.size() >= 2 && head[0] == '#' && head[1] == '!')
    wants_ = Wants::Line;
  else if (is_zip(head) && is_archive_name(path_))
    wants_ = Wants::Zip;
  else
    wants_ = Wants::Nothing;
}

void Collector::keep(std::span<const uint8_t> piece) {
  uint64_t most = wants_ == Wants::Line ? kLineBytes : wants_ == Wants::Text ? kTextBytes : 0;
  if (disk_path_.empty()) {
    if (wants_ == Wants::Code) most = kMostCode;
    if (wants_ == Wants::Zip) most = size_ > kMostZip ? 0 : kMostZip;
  }
  if (kept_.size() >= most) return;
  if (kept_.capacity() < std::min(most, size_) && size_ < kMostZip) kept_.reserve(std::min(most, size_));
  kept_.insert(kept_.end(), piece.begin(), piece.begin() + static_cast<ptrdiff_t>(std::min<uint64_t>(piece.size(), most - kept_.size())));
}

void Collector::end() {
  if (wants_ == Wants::Magic && !kept_.empty()) look(kept_);
  if (wants_ == Wants::Text) {
    facts_.texts[path_].assign(kept_.begin(), kept_.end());
  } else if (wants_ == Wants::Line) {
    const auto stop = std::ranges::find(kept_, uint8_t{'\n'});
    facts_.scripts[path_].assign(kept_.begin() + 2, stop);
  } else if (wants_ == Wants::Code || wants_ == Wants::Zip) {
    const MemoryBytes memory(kept_, size_);
    const std::optional<DiskBytes> disk = disk_path_.empty() ? std::nullopt : std::make_optional<DiskBytes>(disk_path_);
    const Bytes& file = disk ? static_cast<const Bytes&>(*disk) : memory;
    if (wants_ == Wants::Code) {
      if (auto code = read_code(path_, file)) facts_.code.emplace(path_, std::move(*code));
    } else if (!disk && size_ > kMostZip) {
      facts_.unread.push_back(path_);
    } else if (Archive archive{.code = code_in_zip(file)}; !archive.code.empty()) {
      facts_.archives.emplace(path_, std::move(archive));
    }
  }
  wants_ = Wants::Nothing;
  if (kept_.capacity() > (1 << 20)) std::vector<uint8_t>().swap(kept_);
}

Facts Collector::finish(const tree::Tree& listing) {
  // Of several names of a file the listing may call another one the first than the archive did.
  const auto name_of = [&](const std::string& path) -> std::optional<std::string> {
    const tree::Entry* entry = listing.find(path);
    for (int links = 0; entry && entry->type == tree::Type::Hardlink && links < 16; ++links) entry = listing.find(entry->link);
    if (!entry || entry->type != tree::Type::File) return std::nullopt;
    return entry->path;
  };
  Facts out;
  const auto move = [&](auto& from, auto& to) {
    for (auto& [path, fact] : from)
      if (const auto name = name_of(path)) to.emplace(*name, std::move(fact));
  };
  move(facts_.code, out.code);
  for (auto& [path, code] : out.code) code.path = path;
  move(facts_.scripts, out.scripts);
  move(facts_.archives, out.archives);
  move(facts_.texts, out.texts);
  for (const auto& path : facts_.unread)
    if (const auto name = name_of(path)) out.unread.push_back(*name);
  facts_ = {};
  return out;
}

Facts collect(const tree::Tree& files, std::stop_token stop) {
  Collector collector;
  std::array<uint8_t, kLineBytes> head{};
  for (const auto& entry : files.entries()) {
    if (entry.type != tree::Type::File || entry.size == 0) continue;
    if (stop.stop_requested()) throw Cancelled();
    collector.begin(entry.path, entry, entry.content.disk_path);
    if (entry.content.disk_path.empty()) {
      collector.bytes({reinterpret_cast<const uint8_t*>(entry.content.bytes.data()), entry.content.bytes.size()});
    } else {
      const DiskBytes file(entry.content.disk_path);
      const size_t n = file.read(0, head);
      collector.bytes(std::span(head).first(n));
      if (is_loader_text(entry.path))
        for (uint64_t at = n; const size_t more = file.read(at, head); at += more) collector.bytes(std::span(head).first(more));
    }
    collector.end();
  }
  return collector.finish(files);
}

}  // namespace slipway::verify
