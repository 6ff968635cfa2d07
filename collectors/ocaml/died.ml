(* The finalizer of every finalizable object: all that is in OCaml here. *)
external died : Obj.t -> unit = "ml_died" [@@noalloc]
let () = Callback.register "died" (fun o -> died o)
